import { useProgram } from '../support/run/use-program.js';

/**
 * What the processes of the harness run, which is there when the tests of a file begin. It is minified: nothing may depend
 * on the names of classes and functions.
 */
export function useChaosProgram(): { readonly file: string } {
  return useProgram('test/chaos/process/main', { minify: true });
}
