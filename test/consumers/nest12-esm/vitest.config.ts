import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    globals: true,
    include: ['test/**/*.spec.ts'],
    setupFiles: ['./setup.js'],
    testTimeout: 30_000,
    maxWorkers: 3,
  },
});
