import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian keeps PostgreSQL's own programs out of PATH, in one folder a version. */
const POSTGRES_VERSIONS = '/usr/lib/postgresql';

/** Debian keeps servers here, which is in the PATH of few users. */
const SERVERS = '/usr/sbin';

/** Where `program` is on this machine; null where it is not. */
export function findProgram(program: string): string | null {
  const versions = existsSync(POSTGRES_VERSIONS) ? readdirSync(POSTGRES_VERSIONS) : [];
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    SERVERS,
    ...versions
      .toSorted((one, other) => Number(other) - Number(one))
      .map((version) => join(POSTGRES_VERSIONS, version, 'bin')),
  ];
  return folders.map((folder) => join(folder, program)).find(isExecutable) ?? null;
}

/** As {@link findProgram}, for where there must be one. */
export function requireProgram(program: string): string {
  const found = findProgram(program);
  if (!found)
    throw new Error(`${program} is not installed: neither on PATH nor in ${SERVERS} nor below ${POSTGRES_VERSIONS}`);
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
