// Runs the tests that tell most with the ends of the peers' ranges that the lock file does not have: the oldest TypeORM,
// the newest BullMQ of its range, the other drivers and validators. Each in a copy of the working tree with one package
// replaced. Names of cases as arguments run only those; --keep leaves the copies.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { run, versionOf } from './apps.mjs';
import { root } from './pack.mjs';

const NODE_MAJOR = Number.parseInt(process.versions.node, 10);
const REDIS = ['test/conformance/bullmq-redis.spec.ts'];
const SQLITE = ['test/conformance/sqlite.spec.ts', 'lib/engine/sqlite/facets/enqueueing.spec.ts'];

/** `replace`: what is installed instead. `types`: whether the whole project has to compile with it. */
const CASES = [
  {
    name: 'typeorm-0.3',
    replace: ['typeorm@0.3.20'],
    types: true,
    tests: [
      ...SQLITE,
      'lib/engine/sqlite/store',
      'test/module/data-source.spec.ts',
      'test/module/app-transactions.spec.ts',
      'test/outbox/sqlite.spec.ts',
    ],
  },
  // The newest of the range: a release that changes what the engine overrides is noticed here before an app has it.
  {
    name: 'bullmq-newest',
    replace: ['bullmq@6'],
    types: true,
    tests: [...REDIS, 'test/conformance/bullmq-postgres.spec.ts', 'test/engines/bullmq-redis.spec.ts'],
  },
  { name: 'ioredis-6', replace: ['ioredis@6'], tests: REDIS },
  { name: 'better-sqlite3-11', replace: ['better-sqlite3@11'], tests: SQLITE, below: 23 },
  { name: 'better-sqlite3-13', replace: ['better-sqlite3@13'], tests: [...SQLITE, 'test/backup'], from: 22 },
  {
    name: 'old-validators',
    replace: ['class-validator@0.13.2', 'class-transformer@0.4.1', 'reflect-metadata@0.1.13'],
    // The form of the panel knows fewer validators by name, as class-validator has their names since 0.14.
    tests: ['lib/params/params-codec.spec.ts', 'lib/params/rules.spec.ts', 'test/module/dispatcher.spec.ts'],
  },
];

const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { keep: { type: 'boolean', default: false } },
});

const work = mkdtempSync(path.join(tmpdir(), 'nestjs-tasks-peers-'));

/** What git knows of and what is new, with the packages as they are installed. */
function copyTree(folder) {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  for (const file of listed.toString().split('\0').filter(Boolean)) {
    if (existsSync(path.join(root, file))) cpSync(path.join(root, file), path.join(folder, file));
  }
  run('copy', root, 'cp', '-al', path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
}

/** Installs a package with what it depends on, but not its peers, in a folder of its own. */
function install(name, wish) {
  const side = path.join(work, 'side', wish.replaceAll('/', '+'));
  mkdirSync(side, { recursive: true });
  run(name, side, 'npm', 'install', '--no-audit', '--no-fund', '--legacy-peer-deps', '--prefix', side, wish);
  const at = wish.slice(0, wish.lastIndexOf('@'));
  return { at, side, version: versionOf(side, at) };
}

/** Puts an installed package in the place of the one that `folder` has. */
function replacePackage(folder, { at, side }) {
  const target = path.join(folder, 'node_modules', at);
  rmSync(target, { recursive: true, force: true });
  const installed = path.join(side, 'node_modules');
  renameSync(path.join(installed, at), target);
  const own = path.join(target, 'node_modules');
  mkdirSync(own, { recursive: true });
  for (const entry of readdirSync(installed)) {
    if (!entry.startsWith('.') && !existsSync(path.join(own, entry))) {
      renameSync(path.join(installed, entry), path.join(own, entry));
    }
  }
}

function check({ name, replace, types = false, tests }) {
  const wished = replace.map((wish) => install(name, wish));
  const shown = wished.map(({ at, version }) => `${at} ${version}`).join(', ');
  if (wished.every(({ at, version }) => version === versionOf(root, at))) {
    console.log(`${name}: ${shown} is what the lock file has, and what all other tests run with`);
    return;
  }
  const folder = path.join(work, name);
  mkdirSync(folder);
  copyTree(folder);
  for (const each of wished) replacePackage(folder, each);
  run(name, folder, 'npm', 'run', '--silent', 'build:page');
  if (types) run(name, folder, process.execPath, 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.json');
  run(name, folder, process.execPath, 'node_modules/vitest/vitest.mjs', 'run', ...tests);
  console.log(`${name}: the tests pass with ${shown}`);
  if (!options.keep) rmSync(folder, { recursive: true, force: true });
}

try {
  for (const each of CASES) {
    if (wanted.length > 0 && !wanted.includes(each.name)) continue;
    if (NODE_MAJOR < (each.from ?? 0) || NODE_MAJOR >= (each.below ?? Infinity)) {
      console.log(`${each.name}: not for Node ${process.versions.node}`);
      continue;
    }
    check(each);
  }
} catch (error) {
  // Without its cause, which repeats all that was printed.
  console.error(error.message);
  process.exitCode = 1;
} finally {
  if (options.keep) console.log(`Left in ${work}`);
  else rmSync(work, { recursive: true, force: true });
}
