import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { ContestantInfo } from '../contestant.js';
import { PEERS } from './folder.js';

/** The least that every peer runs on. */
const MIN_MAJOR = 22;
const MIN_MINOR = 18;

/** The program that a contestant runs in. Some peers need a newer Node.js than the library does; a package brings it. */
export function nodeOf(node: ContestantInfo['node']): string {
  return node === 'current' ? process.execPath : peersNode();
}

export function peersNode(): string {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > MIN_MAJOR || (major === MIN_MAJOR && minor >= MIN_MINOR)) return process.execPath;
  const packaged = packagedNode();
  if (packaged) return join(packaged, 'bin', 'node');
  throw new Error(`The peers need Node.js ${MIN_MAJOR}.${MIN_MINOR} or newer, and there is none for this system`);
}

/** The folder of the package that brings a Node.js for this system. */
export function packagedNode(): string | null {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(PEERS, 'node_modules', name);
  return existsSync(folder) ? folder : null;
}

/** The version of a package, as the contestant of that Node.js resolves it. */
export function versionOf(name: string, node: ContestantInfo['node']): string {
  const from = [join(PEERS, 'node_modules'), ...(createRequire(import.meta.url).resolve.paths('x') ?? [])];
  const folders = node === 'peers' ? from : [...from.slice(1), from[0]!];
  for (const folder of folders) {
    const file = join(folder, name, 'package.json');
    if (existsSync(file)) return (createRequire(dirname(file) + '/')(file) as { version: string }).version;
  }
  return '?';
}
