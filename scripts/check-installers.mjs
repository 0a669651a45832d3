// Follows the installation guide (docs/getting-started.md) with each package manager that it names, on the packed
// tarball, and runs the README's first program. Then does what the guide advises against, and follows the advice of the
// error: install scripts that were not allowed, and on Node 20 a better-sqlite3 that is not made for it.
// Names of managers as arguments check only those; --keep leaves the folders for a look.
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { codeBlocks, readmeProgram, run, runToFail, serve, shareCompiledSqlite, versionOf } from './apps.mjs';
import { packTarball, root } from './pack.mjs';

const GUIDE = 'docs/getting-started.md';
const PNP = ['--require', './.pnp.cjs'];

/**
 * `tool`: the package on the registry that the manager comes in; npm is there. `guide`: its heading in the guide.
 * `node`: flags that Node needs. `forbids`: whether it runs no install scripts unless it is told to.
 */
const MANAGERS = [
  { name: 'npm', guide: 'npm' },
  { name: 'pnpm 10', guide: 'pnpm', tool: 'pnpm@10.34.9', entry: 'pnpm/bin/pnpm.cjs' },
  { name: 'pnpm 12', guide: 'pnpm', tool: 'pnpm@12.21.0', entry: '.bin/pnpm', forbids: '--allow-build=better-sqlite3' },
  { name: 'Yarn 1', guide: 'Yarn 1', tool: 'yarn@1.22.22', entry: 'yarn/bin/yarn.js' },
  {
    name: 'Yarn 4',
    guide: 'Yarn 4',
    tool: '@yarnpkg/cli-dist@4.18.1',
    entry: '@yarnpkg/cli-dist/bin/yarn.js',
    files: { 'yarn.lock': '', '.yarnrc.yml': 'nodeLinker: node-modules\nenableTelemetry: false\n' },
    forbids: 'dependenciesMeta',
  },
  {
    name: 'Yarn 4 Plug’n’Play',
    guide: 'Yarn 4',
    tool: '@yarnpkg/cli-dist@4.18.1',
    entry: '@yarnpkg/cli-dist/bin/yarn.js',
    files: { 'yarn.lock': '', '.yarnrc.yml': 'nodeLinker: pnp\nenableTelemetry: false\n' },
    node: PNP,
  },
  { name: 'Bun', guide: 'Bun', tool: 'bun@1.4.5', entry: '.bin/bun' },
];

const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { keep: { type: 'boolean', default: false } },
});

const work = mkdtempSync(path.join(tmpdir(), 'nestjs-tasks-installers-'));

/** The lines of the guide below the comment with the manager's name. */
function guideLines(name) {
  const lines = codeBlocks(GUIDE, 'sh')[0].trim().split('\n');
  const from = lines.indexOf(`# ${name}`);
  if (from === -1) throw new Error(`${GUIDE} does not say how to install with ${name}`);
  const length = lines.slice(from + 1).findIndex((line) => line.startsWith('#'));
  return lines.slice(from + 1, length === -1 ? undefined : from + 1 + length);
}

/** The line for one manager of the error about a better-sqlite3 that was not compiled. */
function advisedLines(printed, name) {
  const line = new RegExp(`^ +${name.replace(/ \d+$/, '(?: \\d+)?')}: +(.*)$`, 'm').exec(printed);
  if (!line) throw new Error(`The error does not say what to do with ${name}:\n${printed}`);
  return line[1].split(' && ');
}

function makeApp(folder, files = {}) {
  cpSync(path.join(root, 'test/consumers/installed'), folder, { recursive: true });
  const [params] = codeBlocks(GUIDE, 'ts');
  mkdirSync(path.join(folder, 'src'));
  writeFileSync(path.join(folder, 'src/params.ts'), params);
  writeFileSync(path.join(folder, 'src/main.ts'), `import './params.js';\n${readmeProgram()}`);
  for (const [file, text] of Object.entries(files)) writeFileSync(path.join(folder, file), text);
}

const tools = new Map();

/** The command of a manager and the arguments before its own. */
function commandOf({ tool, entry }) {
  if (!tool) return ['npm'];
  if (!tools.has(tool)) {
    const folder = path.join(work, 'tools', tool.replaceAll('/', '+'));
    mkdirSync(folder, { recursive: true });
    const name = tool.slice(0, tool.lastIndexOf('@'));
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ private: true, allowScripts: { [name]: true } }));
    run(tool, folder, 'npm', 'install', '--no-audit', '--no-fund', tool);
    tools.set(tool, path.join(folder, 'node_modules', entry));
  }
  const file = tools.get(tool);
  return /\.c?js$/.test(file) ? [process.execPath, file] : [file];
}

function follow(manager, folder, lines, tarball) {
  for (const line of lines) {
    const [command, ...args] = line.replace(/ \(.*\)$/, '').split(' ');
    const own = command === 'npm' ? ['npm'] : commandOf(manager);
    const words = args.map((word) => (word === 'nestjs-tasks' ? `nestjs-tasks@file:${tarball}` : word));
    run(manager.name, folder, ...own, ...words);
  }
}

function compile({ name, node = [], ...manager }, folder) {
  if (node === PNP) run(name, folder, ...commandOf(manager), 'tsc');
  else run(name, folder, process.execPath, 'node_modules/typescript/bin/tsc');
}

async function checkGuide(manager, tarball) {
  const folder = path.join(work, manager.name.replaceAll(/\W/g, '-'));
  makeApp(folder, manager.files);
  follow(manager, folder, guideLines(manager.guide), tarball);
  compile(manager, folder);
  await serve(manager.name, folder, 'Hello, Ada!', ...(manager.node ?? []), 'dist/main.js');
  console.log(`${manager.name}: what the guide says gives a running app`);
  return folder;
}

/** The manager's line without what allows the install script; then what the error says. */
async function checkAdvice(manager, tarball) {
  const folder = path.join(work, `${manager.name.replaceAll(/\W/g, '-')}-forbidden`);
  makeApp(folder, manager.files);
  const lines = guideLines(manager.guide).filter((line) => !line.startsWith('npm pkg'));
  try {
    follow(
      manager,
      folder,
      lines.map((line) => line.replace(` ${manager.forbids}`, '')),
      tarball,
    );
  } catch (error) {
    // pnpm 12 installs everything and then exits with an error that names the scripts.
    if (!existsSync(path.join(folder, 'node_modules/nestjs-tasks'))) throw error;
  }
  compile(manager, folder);
  const printed = runToFail(manager.name, folder, 'dist/main.js');
  if (!printed.includes('the compiled part of better-sqlite3 cannot be loaded')) throw new Error(printed);
  follow(manager, folder, advisedLines(printed, manager.guide), tarball);
  await serve(manager.name, folder, 'Hello, Ada!', 'dist/main.js');
  console.log(`${manager.name}: without its install script, better-sqlite3 stops the boot, and the advice mends it`);
}

/** Where npm is set to run no scripts at all, as many are, it says that it has rebuilt what it has not. */
async function checkNoScripts(manager, folder) {
  rmSync(path.join(folder, 'node_modules/better-sqlite3/build'), { recursive: true });
  writeFileSync(path.join(folder, '.npmrc'), 'ignore-scripts=true\n');
  const printed = runToFail('npm', folder, 'dist/main.js');
  follow(manager, folder, advisedLines(printed, 'npm'));
  await serve('npm', folder, 'Hello, Ada!', 'dist/main.js');
  rmSync(path.join(folder, '.npmrc'));
  console.log('npm: with ignore-scripts, a missing binding stops the boot, and the advice mends it');
}

/** Version 13 ends a process on Node 20 by a signal as soon as a database is opened. */
function checkUnfitDriver(folder) {
  run('npm', folder, 'npm', 'install', '--no-audit', '--no-fund', '--force', 'better-sqlite3@13');
  const printed = runToFail('npm', folder, 'dist/main.js');
  const version = versionOf(folder, 'better-sqlite3');
  if (!printed.includes(`better-sqlite3 ${version} is installed, which is made for Node 22 and later`)) {
    throw new Error(`The boot did not say what is wrong with better-sqlite3 ${version}:\n${printed}`);
  }
  console.log(`npm: better-sqlite3 ${version} on Node ${process.versions.node} stops the boot before it is loaded`);
}

try {
  shareCompiledSqlite(work);
  const { tarball } = packTarball(work);
  for (const manager of MANAGERS) {
    if (wanted.length > 0 && !wanted.includes(manager.name)) continue;
    const folder = await checkGuide(manager, tarball);
    if (manager.forbids) await checkAdvice(manager, tarball);
    if (manager.name === 'npm') await checkNoScripts(manager, folder);
    if (manager.name === 'npm' && Number.parseInt(process.versions.node, 10) < 22) checkUnfitDriver(folder);
  }
} catch (error) {
  // Without its cause, which repeats all that was printed.
  console.error(error.message);
  process.exitCode = 1;
} finally {
  if (options.keep) console.log(`Left in ${work}`);
  else rmSync(work, { recursive: true, force: true });
}
