import { describe, expect, it } from 'vitest';
import { CREATED_AT, foreignJob, jobOf } from '../../../test/engines/support/plain-job.js';
import { after, record } from '../../../test/engines/support/plain-record.js';
import { toStack } from './attempt-record.js';
import type { CancelledNotes } from './cancelled.js';
import { ENDED, type ResultRow } from './job-result.js';
import { JobView } from './job-view.js';
import type { TaskJob } from './task-job.js';

/** Of an object, as that of the library: it is asked of nothing else. */
const mask = (value: unknown, paths: readonly string[]): unknown => ({
  ...(value as object),
  ...Object.fromEntries(paths.map((path) => [path, '[masked]'])),
});
const view = new JobView(mask, () => []);

describe('a task that has completed', () => {
  const row = (attempt: number, noted: Partial<ResultRow['result']> = {}): string =>
    JSON.stringify({ result: { attempt, keepFor: null, sensitive: [], maxAttempts: 4, ...noted } });
  const seen = { attemptsStarted: 1, attemptsMade: 1, finishedOn: CREATED_AT };

  it('has the result that it returned, and none where it returned none', () => {
    const done = jobOf({}, { ...seen, returnvalue: { sent: 3 } });
    expect(view.task('mail', done, 'completed', []).result).toEqual({ sent: 3 });
    expect(view.task('mail', jobOf({}, seen), 'completed', [])).not.toHaveProperty('result');
  });

  it('has one that is no object as it is', () => {
    for (const value of [null, 'text', 0, []]) {
      const done = jobOf({}, { ...seen, returnvalue: value });
      expect(view.task('mail', done, 'completed', [row(1)]).result).toEqual(value);
    }
  });

  it('has what of its result is secret masked', () => {
    const done = jobOf({}, { ...seen, returnvalue: { user: 'ann', token: 'x' } });
    const masked = view.task('mail', done, 'completed', [row(1, { sensitive: ['token'] })]);
    expect(masked.result).toEqual({ user: 'ann', token: '[masked]' });
    expect(view.task('mail', done, 'completed', [row(1)]).result).toEqual({ user: 'ann', token: 'x' });
  });

  it('might have been tried as often as its handler said at its end, beside what did not count', () => {
    const done = jobOf({}, { ...seen, attemptsStarted: 3 });
    expect(view.task('mail', done, 'completed', [row(3, { maxAttempts: 9 })]).maxAttempts).toBe(11);
    expect(view.task('mail', done, 'completed', [row(3, { maxAttempts: null })]).maxAttempts).toBeNull();
    expect(view.task('mail', done, 'completed', []).maxAttempts).toBe(6);
  });

  it('takes a result that was noted before its process died for none', () => {
    const again = jobOf({}, { attemptsStarted: 1 });
    const task = view.task('mail', again, 'available', [row(1, { maxAttempts: 9 })]);
    expect(task.maxAttempts).toBe(5);
    expect(task).not.toHaveProperty('result');
  });
});

describe('a task that has failed', () => {
  it('has failed with its deadline where that ended it, whatever broke before', () => {
    const traits = { deadlineAt: CREATED_AT + 10, reason: 'deadline' } as const;
    const job = jobOf({ traits }, { attemptsStarted: 1, attemptsMade: 1, stacktrace: [toStack(record(1))] });
    expect(view.summary('mail', job, 'failed').error).toMatchObject({ name: 'DeadlineError' });
  });

  it('has failed with what its handler threw, not with what BullMQ says', () => {
    const job = after([record(1, { outcome: 'failed' })], { failedReason: 'in words of BullMQ' });
    expect(view.summary('mail', job, 'failed').error).toEqual(record(1).error);
  });

  it('has failed with what BullMQ says where there is no stack, and only in that state', () => {
    const seen = { attemptsStarted: 1, attemptsMade: 1, failedReason: 'a child failed' };
    const job = jobOf({}, { ...seen, stacktrace: null as unknown as string[] });
    expect(view.summary('mail', job, 'failed').error).toEqual({ name: 'Error', message: 'a child failed' });
    expect(view.summary('mail', job, 'available').error).toBeNull();
  });
});

describe('a task that was cancelled', () => {
  const notes: CancelledNotes = {
    cancelledAt: CREATED_AT + 9_000,
    keepFor: null,
    attemptsStarted: 2,
    attemptsMade: 1,
    stacktrace: [toStack(record(1))],
    logs: [],
    last: record(2, { outcome: 'cancelled' }),
  };

  /** In the queue of the cancelled ones it is a job that never ran. */
  const cancelled = (overrides: Partial<CancelledNotes> = {}): TaskJob => {
    const job = jobOf();
    const opts = { ...job.opts, cancelled: JSON.stringify({ ...notes, ...overrides }) };
    return { ...job, opts } as unknown as TaskJob;
  };

  it('keeps what it went through before', () => {
    const task = view.task('mail', cancelled(), 'cancelled', []);
    expect(task).toMatchObject({ state: 'cancelled', attempt: 2, finishedAt: CREATED_AT + 9_000, maxAttempts: 4 });
    expect(task.attempts.map(({ outcome }) => outcome)).toEqual(['retried', 'cancelled']);
  });

  it('might be tried once more for each attempt before that did not count', () => {
    const last = record(3, { outcome: 'cancelled' });
    expect(view.summary('mail', cancelled({ attemptsStarted: 3, last }), 'cancelled').maxAttempts).toBe(5);
  });

  it('shows no result, though a job of a workflow returns that it was cancelled', () => {
    const job = { ...cancelled(), returnvalue: { [ENDED]: {} } } as unknown as TaskJob;
    expect(view.task('mail', job, 'cancelled', [])).not.toHaveProperty('result');
  });

  it('has none where it was cancelled before the first', () => {
    const task = view.task(
      'mail',
      cancelled({ attemptsStarted: 0, attemptsMade: 0, stacktrace: [], last: null }),
      'cancelled',
      [],
    );
    expect(task).toMatchObject({ attempt: 0, attempts: [], error: null, maxAttempts: 4 });
  });
});

describe('a job that other code added', () => {
  const shown = new JobView(
    mask,
    () => [],
    (queue, jobId) => `${queue}:${jobId}`,
  );

  it('is shown under an id that no other queue has', () => {
    expect(shown.summary('legacy', foreignJob(), 'available')).toMatchObject({
      id: 'legacy:7',
      name: 'send',
      params: { to: 'ann' },
      maxAttempts: 1,
    });
  });

  it('has failed with what BullMQ recorded, in its one attempt', () => {
    const stack = 'TypeError: no such mailbox\n    at send';
    const seen = { attemptsStarted: 1, attemptsMade: 1, failedReason: 'no such mailbox', stacktrace: [stack] };
    const task = shown.task('legacy', foreignJob({ attempts: 1 }, seen), 'failed', []);
    const error = { name: 'TypeError', message: 'no such mailbox', stack };
    expect(task).toMatchObject({ error, attempts: [{ attempt: 1, outcome: 'failed', error }] });
  });
});
