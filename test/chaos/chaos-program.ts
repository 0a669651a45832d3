import { beforeAll } from 'vitest';
import { askFor } from '../support/run/ask-for.js';

/** What the processes of the harness run, which is there when the tests of a file begin. */
export function useChaosProgram(): { readonly file: string } {
  let file = '';
  beforeAll(async () => {
    ({ file } = await askFor('chaosProgram'));
  }, 300_000);
  return {
    get file(): string {
      return file;
    },
  };
}
