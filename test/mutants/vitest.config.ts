import path from 'node:path';
import { defineConfig } from 'vitest/config';
import InOrder from './in-order.js';
import { WarmWorker } from './warm-worker.js';

const root = path.resolve(import.meta.dirname, '../..');

/** The specs of one room, as scripts/mutants.mjs names them. */
export default defineConfig({
  root,
  resolve: {
    alias: [{ find: /^\.\/thread-file\.js$/, replacement: path.join(root, 'test/support/run/thread-file.ts') }],
  },
  plugins: [
    {
      name: 'warm-worker',
      // Stryker asks for threads on the command line, which goes before the file.
      configureVitest({ project }) {
        project.config.pool = 'warm' as never;
        project.config.poolRunner = { name: 'warm', createPoolWorker: (options) => new WarmWorker(options) };
      },
    },
  ],
  test: {
    include: (process.env.MUTANTS_TESTS ?? '').split(' '),
    globalSetup: './test/support/run/global-setup.ts',
    sequence: { sequencer: InOrder },
    isolate: false,
    setupFiles: ['./test/mutants/setup.ts'],
    // test/mutants/setup.ts gives up a test that does not end.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
