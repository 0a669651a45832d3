import { afterAll, beforeAll } from 'vitest';
import { compile, type Compiled } from '../support/compile.js';

/** Compiles what the processes run before the tests of a file, and removes it after them. */
export function useChaosProgram(): { readonly file: string } {
  let compiled: Compiled | undefined;
  beforeAll(() => {
    compiled = compile('lib', 'test/chaos/process');
  }, 120_000);
  afterAll(() => compiled?.remove());
  return {
    get file(): string {
      return compiled!.file('test/chaos/process/main');
    },
  };
}
