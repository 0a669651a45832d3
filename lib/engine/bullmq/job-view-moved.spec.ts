import { describe, expect, it } from 'vitest';
import { CREATED_AT, plainJob } from '../../../test/engines/support/plain-job.js';
import { record } from '../../../test/engines/support/plain-record.js';
import { someTasks } from '../../../test/migrate/support/some-tasks.js';
import type { StoredTask } from '../port/index.js';
import { toStack } from './attempt-record.js';
import { JobView } from './job-view.js';
import { excusedAttempts } from './stored-job.js';
import type { TaskJob } from './task-job.js';
import { toMovedJob } from './transfer/job-rows.js';

const NOW = CREATED_AT + 86_400_000;
const view = new JobView(
  (params) => params,
  () => [],
);
/** By its number, those of this kind have failed. */
const failed = someTasks(4, NOW)[3]!;

function moved(task: Partial<StoredTask>, seen: Partial<TaskJob> = {}): TaskJob {
  return plainJob(toMovedJob({ ...failed, ...task }, NOW), seen);
}

function attemptsOf(job: TaskJob, state: 'failed' | 'available'): number[] {
  return view.task('mail', job, state, []).attempts.map(({ attempt }) => attempt);
}

describe('a task that was moved here', () => {
  const there = { state: 'available', excusedAttempts: 2 } as const;

  it('has its attempts there and here', () => {
    const seen = { attemptsStarted: 1, attemptsMade: 1, stacktrace: [toStack(record(2))] };
    const task = view.task('mail', moved({ ...there, attempt: 1, attempts: [record(1)] }, seen), 'available', []);
    expect(task.attempts).toEqual([record(1), record(2)]);
    expect(task.error).toEqual(record(2).error);
  });

  it('has those that never began there for no attempts, be they the last', () => {
    expect(attemptsOf(moved({ ...there, attempt: 3, attempts: [record(2)] }), 'available')).toEqual([2]);
    const lost = moved({ ...there, attempt: 1, attempts: [] }, { attemptsStarted: 1 });
    expect(attemptsOf(lost, 'available')).toEqual([2]);
  });

  it('has what did not count there excused here as well', () => {
    const seen = { attemptsStarted: 3, attemptsMade: 1 };
    expect(excusedAttempts(moved({ ...there, attempt: 2 }, seen), false)).toBe(4);
  });

  it('is excused all that was before, where it had failed there and is tried again here', () => {
    const attempts = [record(1), record(2, { outcome: 'failed' })];
    const job = moved({ attempt: 2, attempts, excusedAttempts: 0 }, { attemptsStarted: 3, attemptsMade: 1 });
    expect(excusedAttempts(job, false)).toBe(3);
  });

  it('has failed in the words of the store that it comes from, where BullMQ can store no such text', () => {
    const last = record(1, { outcome: 'failed', error: { name: 'RangeError', message: 'broken \0' } });
    const stack = toStack({ ...last, error: { name: 'RangeError', message: 'broken \uFFFD' } });
    const job = moved({ attempt: 1, attempts: [last] }, { attemptsStarted: 1, attemptsMade: 1, stacktrace: [stack] });
    const task = view.task('mail', job, 'failed', []);
    expect(task.attempts).toEqual([last]);
    expect(task.error).toEqual(last.error);
  });
});
