import { resolve } from 'node:path';

export const REPOSITORY = resolve(import.meta.dirname, '../../..');

/** What the specs of a run share, and what a spec is told to use it. */
export interface Parts {
  readonly redis: { readonly port: number };
  readonly postgres: { readonly port: number };
  readonly mariadb: { readonly port: number };
  /** The folders of {@link COMPILED_FOLDERS}, compiled below `out`. */
  readonly compiled: { readonly out: string };
  /** What the engine's thread runs: the library's, and one for the conformance suite. */
  readonly thread: { readonly file: string; readonly conformance: string };
}

export type PartName = keyof Parts;

/** Everything that a test runs as a process of its own. */
export const COMPILED_FOLDERS = [
  'lib',
  'src',
  'sample',
  'test/admin/worker',
  'test/bad-days/worker',
  'test/chaos/process',
  'test/engines/worker',
  'test/kill/worker',
  'test/testing/child',
  'test/migrate/support',
  'test/outbox/worker',
  'test/restarts/worker',
  'test/uniqueness/worker',
];
