import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';

/** Debian keeps PostgreSQL's own programs out of PATH, in one folder a version. */
const POSTGRES_VERSIONS = '/usr/lib/postgresql';

const PROGRAMS = { redis: ['redis-server'], postgres: ['postgres', 'initdb'] } as const;

export type ServerKind = keyof typeof PROGRAMS;

/** Where `program` is on this machine; null where it is not. */
export function findProgram(program: string): string | null {
  const versions = existsSync(POSTGRES_VERSIONS) ? readdirSync(POSTGRES_VERSIONS) : [];
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...versions
      .toSorted((one, other) => Number(other) - Number(one))
      .map((version) => join(POSTGRES_VERSIONS, version, 'bin')),
  ];
  return folders.map((folder) => join(folder, program)).find(isExecutable) ?? null;
}

/** As {@link findProgram}, for where there must be one. */
export function requireProgram(program: string): string {
  const found = findProgram(program);
  if (!found) throw new Error(`${program} is not installed: neither on PATH nor below ${POSTGRES_VERSIONS}`);
  return found;
}

/** Tests that need real servers. Where a program is missing they are skipped, under a name that says which. */
export function describeWith(kinds: ServerKind | readonly ServerKind[], name: string, tests: () => void): void {
  const missing = [kinds]
    .flat()
    .flatMap((kind) => PROGRAMS[kind])
    .filter((program) => !findProgram(program));
  if (missing.length > 0) describe.skip(`${name} (skipped: ${missing.join(', ')} not installed)`, tests);
  else describe(name, tests);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
