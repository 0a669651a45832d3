// Installs the packed tarball in two apps outside of this repository, as a user would: a Nest 12 app (ESM, Vitest) and a
// Nest 11 app (CommonJS, Jest). Type-checks each under every module resolution it may have, runs it with Node and runs
// its tests. Names of apps as arguments check only those; --keep leaves their folders for a look.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { packTarball, root } from './pack.mjs';

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
  },
];

const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { keep: { type: 'boolean', default: false } },
});

const work = mkdtempSync(path.join(tmpdir(), 'nestjs-tasks-consumers-'));

/** Runs a command in the app's folder; what it printed is shown only where it fails. */
function run(app, folder, command, ...args) {
  try {
    return execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    console.error(`${error.stdout ?? ''}${error.stderr ?? ''}`);
    throw new Error(`${app}: "${command} ${args.join(' ')}" failed`, { cause: error });
  }
}

function check({ name, types }, tarball) {
  const folder = path.join(work, name);
  const templates = path.join(root, 'test/consumers');
  cpSync(path.join(templates, 'app'), folder, { recursive: true });
  cpSync(path.join(templates, name), folder, { recursive: true });

  run(name, folder, 'npm', 'install', '--no-audit', '--no-fund', tarball);
  for (const flags of Object.values(types)) run(name, folder, 'npx', 'tsc', '--noEmit', ...flags);
  run(name, folder, 'npx', 'tsc');
  const state = run(name, folder, process.execPath, 'dist/src/main.js').trim();
  if (state !== 'completed') throw new Error(`${name}: the app's task ended as "${state}" instead of "completed"`);
  run(name, folder, 'npm', 'test');

  console.log(`${name}: installs, types resolve (${Object.keys(types).join(', ')}), runs with Node, its tests pass`);
}

try {
  const { tarball } = packTarball(work);
  const apps = APPS.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  if (apps.length === 0) throw new Error(`No such app. There are: ${APPS.map(({ name }) => name).join(', ')}`);
  for (const app of apps) check(app, tarball);
} finally {
  if (options.keep) console.log(`Left in ${work}`);
  else rmSync(work, { recursive: true, force: true });
}
