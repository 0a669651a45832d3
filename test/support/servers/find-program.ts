import { describe } from 'vitest';
import { findProgram } from './program.js';

export { findProgram };

const PROGRAMS = {
  redis: ['redis-server'],
  postgres: ['postgres', 'initdb'],
  mariadb: ['mariadbd'],
  nginx: ['nginx'],
  prometheus: ['prometheus', 'promtool'],
} as const;

export type ServerKind = keyof typeof PROGRAMS;

/** Tests that need real servers. Where a program is missing they are skipped, under a name that says which. */
export function describeWith(kinds: ServerKind | readonly ServerKind[], name: string, tests: () => void): void {
  const missing = [kinds]
    .flat()
    .flatMap((kind) => PROGRAMS[kind])
    .filter((program) => !findProgram(program));
  if (missing.length > 0) describe.skip(`${name} (skipped: ${missing.join(', ')} not installed)`, tests);
  else describe(name, tests);
}
