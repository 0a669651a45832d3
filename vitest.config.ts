import path from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    // The samples import the library by its name, as a user does; here that means its source.
    alias: [{ find: /^nestjs-tasks$/, replacement: path.resolve(import.meta.dirname, 'lib/index.ts') }],
  },
  test: {
    include: ['lib/**/*.spec.ts', 'src/**/*.spec.ts', 'test/**/*.spec.ts', 'sample/**/*.spec.ts'],
    exclude: ['test/consumers/**', '**/node_modules/**', 'dist/**'],
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ['default', './scripts/summary-reporter.ts'],
  },
});
