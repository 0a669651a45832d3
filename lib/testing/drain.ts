import { listOf, plural } from '../contract/index.js';
import { type RanAttempt, failureOf } from './ran-attempt.js';
import type { StoreBench } from './store-bench.js';
import { TasksTestingError } from './testing-error.js';
import type { FailureMode } from './testing-options.js';

/** Attempts that may follow those that were due. */
export const DEFAULT_DRAIN_LIMIT = 1_000;
const MAX_LAST_NAMED = 3;

/** Runs what is due, one task after the other, and what those enqueue, until nothing is due. */
export class Drain {
  readonly ran: RanAttempt[] = [];

  /** @param limit most attempts that may follow those that were due when a round began */
  constructor(
    private readonly benches: readonly StoreBench[],
    private readonly limit: number,
  ) {}

  /** @throws TasksTestingError where it does not come to an end */
  async round(): Promise<void> {
    const due = await Promise.all(this.benches.map((bench) => bench.due()));
    let left = due.reduce((sum, count) => sum + count, this.limit);
    for (let hasRun = true; hasRun;) {
      hasRun = false;
      for (const bench of this.benches) {
        for (let ran = await bench.step(); ran; ran = await bench.step()) {
          hasRun = true;
          this.ran.push(ran);
          if ((left -= 1) < 0) throw this.endless();
        }
      }
    }
  }

  /** @throws TaskFailedInTestError for the first attempt that failed, unless failures are collected */
  result(failures: FailureMode): RanAttempt[] {
    const failure = failures === 'throw' ? this.ran.map(failureOf).find((error) => error !== null) : undefined;
    if (failure) throw failure;
    return this.ran;
  }

  private endless(): TasksTestingError {
    const last = new Set(this.ran.slice(-MAX_LAST_NAMED).map(({ name }) => name));
    return new TasksTestingError(
      `More than ${plural(this.limit, 'attempt')} followed the tasks that were due, the last of ${listOf([...last])}. ` +
        'A task that enqueues itself, or is tried again at once, runs for ever; where it is meant, raise the "limit".',
    );
  }
}
