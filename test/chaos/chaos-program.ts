import { afterAll, beforeAll } from 'vitest';
import { bundle } from './bundle.js';
import { compile, type Compiled } from '../support/compile.js';

/** Compiles what the processes run before the tests of a file, and removes it after them. */
export function useChaosProgram(): { readonly file: string } {
  let compiled: Compiled | undefined;
  let file = '';
  beforeAll(async () => {
    compiled = compile('lib', 'test/chaos/process');
    file = await bundle(compiled.file('test/chaos/process/main'));
  }, 300_000);
  afterAll(() => compiled?.remove());
  return {
    get file(): string {
      return file;
    },
  };
}
