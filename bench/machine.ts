import { readFileSync, statfsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, release, totalmem, type as system } from 'node:os';
import Database from 'better-sqlite3';

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
export function describeMachine(folder: string): string[] {
  const [cpu] = cpus();
  const database = new Database(':memory:');
  const sqlite = String(database.prepare('SELECT sqlite_version()').pluck().get());
  database.close();
  const fileSystem = statfsSync(folder).type;
  return [
    `${cpus().length} × ${cpu?.model.trim() ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${system()} ${release()}`,
    `file system: ${FILE_SYSTEMS[fileSystem] ?? `0x${fileSystem.toString(16)}`}`,
    `Node ${process.versions.node}, SQLite ${sqlite}, better-sqlite3 ${versionOf('better-sqlite3')}, ` +
      `typeorm ${versionOf('typeorm')}, @nestjs/core ${versionOf('@nestjs/core')}`,
  ];
}

function versionOf(name: string): string {
  const require = createRequire(import.meta.url);
  const folder = require.resolve.paths(name)!.find((path) => canRead(`${path}/${name}/package.json`));
  return (JSON.parse(readFileSync(`${folder}/${name}/package.json`, 'utf8')) as { version: string }).version;
}

function canRead(file: string): boolean {
  try {
    readFileSync(file);
    return true;
  } catch {
    return false;
  }
}
