import { beforeAll } from 'vitest';
import { askForProgram } from './ask-for.js';
import type { BundleOptions } from './bundle.js';

/**
 * A program of the repository in one file, to be run as a real process: it is there when the tests of a file, or of a
 * `describe`, begin.
 *
 * @param source without its ending, such as `test/kill/worker/main`; in one of `COMPILED_FOLDERS`
 */
export function useProgram(source: string, options: BundleOptions = {}): { readonly file: string } {
  let file = '';
  beforeAll(async () => {
    file = await askForProgram(source, options);
  });
  return {
    get file(): string {
      return file;
    },
  };
}
