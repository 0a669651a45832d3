// Installs the packed tarball in apps outside of this repository, as a user would: a Nest 12 app (ESM, Vitest), and an app
// that has been there for long (Nest 11, CommonJS, Jest, TypeORM 0.3, queues of its own on BullMQ 5). In each: type-checks
// it under every module resolution it may have, runs it and the first program of the README with Node, opens the panel
// from the command line, and runs the app's own tests. The old app also runs beside its own BullMQ. A third app is made of
// the files on docs/recipes.md, with the packages that they are for. The first two also get the files on
// docs/coming-from.md, apps that came from elsewhere.
// Names of apps as arguments check only those; --keep leaves their folders for a look.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { codeBlocks, programOf, readmeProgram, runWithin, serve, shareCompiledSqlite, startRedis } from './apps.mjs';
import { packTarball, root } from './pack.mjs';

/** More than each takes on a busy machine; better-sqlite3 may have to be compiled. */
const COMMAND_LIMIT_MS = 300_000;

const APPS = [
  {
    name: 'nest12-esm',
    types: {
      nodenext: ['--module', 'nodenext', '--moduleResolution', 'nodenext'],
      bundler: ['--module', 'esnext', '--moduleResolution', 'bundler'],
    },
  },
  {
    name: 'nest11-commonjs',
    types: {
      node10: ['--module', 'commonjs', '--moduleResolution', 'node10'],
      node16: ['--module', 'node16', '--moduleResolution', 'node16'],
      bundler: ['--module', 'esnext', '--moduleResolution', 'bundler'],
    },
    parts: ['moving'],
    also: besideBullmq5,
  },
];

/** Has packages of other vendors, which are many. */
const RECIPES = 'recipes';
const INSTALL_LIMIT_MS = 900_000;

const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { keep: { type: 'boolean', default: false } },
});

const work = mkdtempSync(path.join(tmpdir(), 'nestjs-tasks-consumers-'));

const run = (...command) => runWithin(COMMAND_LIMIT_MS, ...command);

/** Its old queue hands on to tasks on SQLite, and tasks on its BullMQ are refused by name. */
async function besideBullmq5(name, folder) {
  const program = programOf('redis-server');
  if (!program) {
    if (process.env.CI) throw new Error(`${name}: redis-server is missing`);
    return console.log(`${name}: not run beside BullMQ 5, as redis-server is missing`);
  }
  const redis = await startRedis(program, folder);
  try {
    const printed = run(name, folder, process.execPath, 'dist/src/moving.js', String(redis.port)).trim().split('\n');
    if (printed[0] !== 'label 7')
      throw new Error(`${name}: one label was to be printed, and it was: ${printed.join()}`);
    if (!/bullmq 5\.\d+\.\d+ is installed, and 6/.test(printed[1])) throw new Error(`${name}: it said ${printed[1]}`);
  } finally {
    await redis.end();
  }
}

async function check({ name, types, parts = [], also }, tarball) {
  const folder = path.join(work, name);
  const templates = path.join(root, 'test/consumers');
  cpSync(path.join(templates, 'app'), folder, { recursive: true });
  for (const part of [name, ...parts]) cpSync(path.join(templates, part), folder, { recursive: true });
  writeFileSync(path.join(folder, 'src/readme.ts'), readmeProgram());
  writeShown('docs/coming-from.md', 'moved', folder);

  run(name, folder, 'npm', 'install', '--no-audit', '--no-fund', tarball);
  for (const flags of Object.values(types)) run(name, folder, 'npx', 'tsc', '--noEmit', ...flags);
  run(name, folder, 'npx', 'tsc');
  const state = run(name, folder, process.execPath, 'dist/src/main.js').trim();
  if (state !== 'completed') throw new Error(`${name}: the app's task ended as "${state}" instead of "completed"`);
  await serve(name, folder, 'Hello, Ada!', 'dist/src/readme.js');
  const command = 'node_modules/nestjs-tasks/dist/esm/src/main.js';
  await serve(name, folder, '/admin/tasks', command, 'panel', '--database', 'data/tasks.db', '--port', '0');
  run(name, folder, 'npm', 'test');
  await also?.(name, folder);

  console.log(
    `${name}: installs, types resolve (${Object.keys(types).join(', ')}), runs with Node, panel opens, its tests pass`,
  );
}

/** Writes the files that a page shows into an app: the blocks that begin with the name of one in `src/<under>`. */
function writeShown(page, under, folder) {
  mkdirSync(path.join(folder, 'src', under));
  const files = codeBlocks(page, 'ts').filter((code) => code.startsWith(`// src/${under}/`));
  if (files.length === 0) throw new Error(`${page} shows no file in src/${under}`);
  for (const code of files) writeFileSync(path.join(folder, /^\/\/ (src\/[\w/.-]+\.ts)/.exec(code)[1]), code);
  return files.length;
}

/** The files of docs/recipes.md are all of the app, whose tests use them. */
function checkRecipes(tarball) {
  const folder = path.join(work, RECIPES);
  const templates = path.join(root, 'test/consumers');
  cpSync(path.join(templates, RECIPES), folder, { recursive: true });
  cpSync(path.join(templates, 'app/src/ended.ts'), path.join(folder, 'src/ended.ts'));
  const shown = writeShown('docs/recipes.md', 'recipes', folder);
  if (shown !== codeBlocks('docs/recipes.md', 'ts').length) {
    throw new Error(`${RECIPES}: a block of docs/recipes.md does not begin with its file`);
  }
  runWithin(INSTALL_LIMIT_MS, RECIPES, folder, 'npm', 'install', '--no-audit', '--no-fund', tarball);
  run(RECIPES, folder, 'npx', 'tsc');
  run(RECIPES, folder, 'npm', 'test');
  console.log(`${RECIPES}: ${shown} files of docs/recipes.md compile and do what the page says`);
}

try {
  shareCompiledSqlite(work);
  const { tarball } = packTarball(work);
  const isWanted = (name) => wanted.length === 0 || wanted.includes(name);
  const apps = APPS.filter(({ name }) => isWanted(name));
  if (apps.length === 0 && !isWanted(RECIPES)) {
    throw new Error(`No such app. There are: ${[...APPS.map(({ name }) => name), RECIPES].join(', ')}`);
  }
  for (const app of apps) await check(app, tarball);
  if (isWanted(RECIPES)) checkRecipes(tarball);
} catch (error) {
  // Without its cause, which repeats all that was printed.
  console.error(error.message);
  process.exitCode = 1;
} finally {
  if (options.keep) console.log(`Left in ${work}`);
  else rmSync(work, { recursive: true, force: true });
}
