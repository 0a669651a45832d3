import { availableParallelism } from 'node:os';
import path from 'node:path';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import LongestFirst from './scripts/longest-first.js';

const ALL = ['lib/**/*.spec.ts', 'src/**/*.spec.ts', 'test/**/*.spec.ts', 'sample/**/*.spec.ts'];
const NEVER = ['test/consumers/**', '**/node_modules/**', 'dist/**'];

/** Code that is tested alone: no server, no process of its own, no network but loopback. */
const UNIT = [
  'lib/**/*.spec.ts',
  'src/**/*.spec.ts',
  'test/architecture/**/*.spec.ts',
  'test/bench/**/*.spec.ts',
  'test/chaos/checker.spec.ts',
  'test/kill/support/*.spec.ts',
  'test/support/servers/tcp-proxy.spec.ts',
];
/** Everything that goes wrong, on purpose and mostly at random: kills, faults, chaos, mutants, random histories. */
const TORTURE = [
  'test/bad-days/**/*.spec.ts',
  'test/chaos/**/*.spec.ts',
  'test/faults/**/*.spec.ts',
  'test/kill/**/*.spec.ts',
  'test/model/**/*.spec.ts',
  'test/**/killed-*.spec.ts',
  'test/sample/import-after-crash.spec.ts',
];

/** Whole apps; without those specs that change what all of a process share: its timers, its tracers. */
const APPS = ['test/{admin,browser}/**/*.spec.ts', 'test/module/!(fake-timers|observability).spec.ts'];

const CORES = Math.max(2, availableParallelism());

interface Project {
  readonly include: readonly string[];
  readonly exclude?: readonly string[];
  /** Projects run one after the other. */
  readonly order: number;
  readonly workers: number;
  readonly isolate?: boolean;
}

function project(
  name: string,
  { include, exclude = [], order, workers, isolate = true }: Project,
): TestProjectInlineConfiguration {
  return {
    resolve: {
      // The samples import the library by its name, as a user does; here that means its source.
      alias: [
        { find: /^nestjs-tasks$/, replacement: path.resolve(import.meta.dirname, 'lib/index.ts') },
        { find: /^nestjs-tasks\/testing$/, replacement: path.resolve(import.meta.dirname, 'lib/testing/index.ts') },
        { find: /^nestjs-tasks\/otel$/, replacement: path.resolve(import.meta.dirname, 'lib/otel/index.ts') },
        {
          find: /^\.\/thread-file\.js$/,
          replacement: path.resolve(import.meta.dirname, 'test/support/run/thread-file.ts'),
        },
      ],
    },
    test: {
      name,
      include: [...include],
      exclude: [...NEVER, ...exclude],
      sequence: { groupOrder: order },
      pool: 'forks',
      isolate,
      maxWorkers: workers,
      // A machine that is busy is slow: no test waits for less than this, and none that passes waits for it.
      testTimeout: 240_000,
      hookTimeout: 240_000,
      expect: { poll: { timeout: 50_000 } },
      // Specs of one process share the objects that they spy on.
      restoreMocks: true,
    },
  };
}

export default defineConfig({
  test: {
    globalSetup: './test/support/run/global-setup.ts',
    sequence: { sequencer: LongestFirst },
    reporters: ['default', './scripts/summary-reporter.ts'],
    projects: [
      // Files of one process share what they import, which takes longer than their tests, here and of whole apps.
      project('unit', { include: UNIT, order: 0, workers: CORES, isolate: false }),
      // Specs that wait for a server or a browser leave a core to another.
      project('apps', { include: APPS, order: 1, workers: CORES + 1, isolate: false }),
      project('integration', {
        include: ALL,
        exclude: [...UNIT, ...APPS, ...TORTURE],
        order: 1,
        workers: CORES + 1,
      }),
      // Faults and kills are waited for, most of the time.
      project('torture', { include: TORTURE, exclude: UNIT, order: 2, workers: CORES * 2 }),
    ],
  },
});
