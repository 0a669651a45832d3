import { join } from 'node:path';
import { askFor } from './ask-for.js';

export { REPOSITORY } from './parts.js';

/** Parts of the repository that were compiled once for the run, to be run as real processes. */
export interface Compiled {
  /** Absolute path of a compiled file: `file('test/kill/worker/main')`. */
  file(source: string): string;
}

export async function compiled(): Promise<Compiled> {
  const { out } = await askFor('compiled');
  return { file: (source) => join(out, `${source}.js`) };
}
