import { execFileSync } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir, totalmem, type as system } from 'node:os';
import Database from 'better-sqlite3';
import type { ContestantInfo } from '../contestant.js';
import { peersNode, versionOf } from '../peers/node.js';
import { findProgram } from '../../test/support/servers/program.js';

/** File systems by the number that the system calls them (statfs(2)). */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x01021994: 'tmpfs (memory: a commit costs nothing here)',
  0x794c7630: 'overlayfs',
  0x2fc12fc1: 'zfs',
  0x1a: 'apfs',
};

/** The machine and the versions of what ran on it, a line each. */
export function describeMachine(folder: string, contestants: readonly ContestantInfo[]): string[] {
  const [cpu] = cpus();
  const database = new Database(':memory:');
  const sqlite = String(database.prepare('SELECT sqlite_version()').pluck().get());
  database.close();
  const files = fileSystemOf(folder);
  const servers = fileSystemOf(tmpdir());
  const stores = new Set(contestants.map(({ store }) => store));
  return [
    `${cpus().length} × ${cpu?.model.trim() ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${system()} ${release()}; ` +
      `load before the run ${loadavg()[0]!.toFixed(1)}`,
    `file system: ${files}${servers === files ? '' : `; the servers' data: ${servers}`}`,
    `Node.js ${process.versions.node}, SQLite ${sqlite}` +
      (stores.has('redis') ? `, ${serverVersion('redis-server')}` : '') +
      (stores.has('postgres') ? `, ${serverVersion('postgres')} as it comes` : ''),
  ];
}

/** Name and version of what a contestant is made of, and of the Node.js that it runs in where that is another. */
export function versionsOf({ packages, node }: ContestantInfo): string {
  const versions = packages.map((name) => `${name} ${versionOf(name, node)}`).join(', ');
  const program = node === 'peers' ? peersNode() : process.execPath;
  return program === process.execPath ? versions : `${versions}; Node.js ${nodeVersion(program)}`;
}

function nodeVersion(program: string): string {
  return execFileSync(program, ['--version'], { encoding: 'utf8' }).trim().replace('v', '');
}

function serverVersion(program: string): string {
  const found = findProgram(program);
  if (!found) return `no ${program}`;
  const text = execFileSync(found, ['--version'], { encoding: 'utf8' });
  const version = /\d+(\.\d+)+/.exec(text)?.[0] ?? '?';
  return `${program === 'postgres' ? 'PostgreSQL' : 'Redis'} ${version}`;
}

function fileSystemOf(folder: string): string {
  const { type } = statfsSync(folder);
  return FILE_SYSTEMS[type] ?? `0x${type.toString(16)}`;
}
