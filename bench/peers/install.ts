import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContestantInfo } from '../contestant.js';
import { PEERS } from './folder.js';
import { packagedNode, peersNode } from './node.js';

const MODULES = join(PEERS, 'node_modules');
/** Of the lock file that what is installed came from. */
const INSTALLED = join(MODULES, '.installed-lock');

/** Whether any of the contestants comes from the package of the peers. */
export function needPeers(contestants: readonly ContestantInfo[]): boolean {
  const { dependencies } = JSON.parse(readFileSync(join(PEERS, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return contestants.some(({ packages: [main = ''] }) => main in dependencies && main !== 'better-sqlite3');
}

/**
 * Installs the peers where they are missing or others than the lock file has, with SQLite's driver compiled for the
 * Node.js that they run in, and makes them resolvable from the compiled code.
 */
export function installPeers(): void {
  const lock = readFileSync(join(PEERS, 'package-lock.json'), 'utf8');
  if (!existsSync(INSTALLED) || readFileSync(INSTALLED, 'utf8') !== lock) {
    process.stderr.write('installing the peers …\n');
    npm(process.execPath, ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
    const node = peersNode();
    const packaged = packagedNode();
    // Headers come with the package, as they may not be there to download.
    const headers = packaged && node.startsWith(packaged) ? [`--nodedir=${packaged}`] : [];
    npm(node, ['rebuild', 'better-sqlite3', '--loglevel=error', ...headers]);
    writeFileSync(INSTALLED, lock);
  }
  const link = join(import.meta.dirname, 'node_modules');
  if (!existsSync(link) || !statSync(link).isDirectory()) symlinkSync(MODULES, link, 'junction');
}

/** Runs npm in a Node.js of choice: what it compiles is for that one. */
function npm(node: string, args: readonly string[]): void {
  const program = process.env['npm_execpath'];
  if (!program) throw new Error('Run the benchmarks with `npm run bench`, which knows where npm is');
  const PATH = `${join(node, '..')}:${process.env['PATH'] ?? ''}`;
  execFileSync(node, [program, ...args], { cwd: PEERS, stdio: ['ignore', 2, 2], env: { ...process.env, PATH } });
}
