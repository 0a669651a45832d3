import type { ModulesContainer } from '@nestjs/core';
import { ManualClock } from '../clock/index.js';
import { listOf, nearest } from '../contract/index.js';
import { type StoreParts, type StoreSetup, type StoreSetups, storesIn } from '../nest/index.js';
import { StoreBench, type Surroundings } from './store-bench.js';
import { TasksTestingError } from './testing-error.js';
import type { FailureMode, TestingMode, TasksTestingOptions } from './testing-options.js';

/** All stores of an app that is tested, by their names, and the clock that they go by. */
export class TestBench implements StoreSetups, Surroundings {
  readonly clock: ManualClock;
  readonly failures: FailureMode;
  mode: TestingMode;
  private readonly benches = new Map<string, StoreBench>();

  constructor(
    { mode = 'manual', now, failures = 'throw' }: TasksTestingOptions,
    private readonly modules: ModulesContainer,
  ) {
    this.mode = mode;
    this.failures = failures;
    this.clock = new ManualClock(now === undefined ? undefined : Number(now));
  }

  setupOf(store: string): StoreSetup {
    const bench = new StoreBench(store, this);
    this.benches.set(store, bench);
    return bench;
  }

  partsOf(store: string): StoreParts | null {
    return storesIn(this.modules).find(({ name }) => name === store) ?? null;
  }

  /** @throws TasksTestingError where the app has no store, or none of that name */
  stores(name?: string): StoreBench[] {
    const all = [...this.benches.values()];
    if (all.length === 0) {
      throw new TasksTestingError(
        'This app has no TasksModule to test. Import the module that has TasksModule.forRoot(), or ' +
          'TasksModule.forRoot() itself beside TasksTestingModule.forRoot().',
      );
    }
    if (name === undefined) return all;
    const found = this.benches.get(name);
    if (found) return [found];
    const names = [...this.benches.keys()];
    const near = nearest(name, names);
    throw new TasksTestingError(
      `There is no store "${name}".${near ? ` Did you mean "${near}"?` : ''} Stores: ${listOf(names)}.`,
    );
  }
}
