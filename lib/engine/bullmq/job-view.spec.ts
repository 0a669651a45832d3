import { describe, expect, it } from 'vitest';
import { CREATED_AT, jobOf } from '../../../test/engines/support/plain-job.js';
import { after, declined, record } from '../../../test/engines/support/plain-record.js';
import type { TaskJob } from './task-job.js';
import { childrenIn, JobView, stateOf } from './job-view.js';

const mask = (params: unknown, paths: readonly string[]): unknown => ({
  ...(params as object),
  ...Object.fromEntries(paths.map((path) => [path, '[masked]'])),
});
const view = new JobView(mask, (name) => (name === 'login' ? ['password'] : []));

describe('the state of a task by the list that its job is in', () => {
  it.each([
    ['active', 1, 'running'],
    ['waiting', 0, 'available'],
    ['prioritized', 0, 'available'],
    ['prioritized', 2, 'available'],
    ['delayed', 0, 'scheduled'],
    ['delayed', 1, 'retryable'],
    ['waiting-children', 0, 'blocked'],
    ['completed', 1, 'completed'],
    ['failed', 1, 'failed'],
    ['cancelled', 0, 'cancelled'],
  ] as const)('%s, after %d attempts: %s', (list, attemptsStarted, state) => {
    expect(stateOf(list, jobOf({}, { attemptsStarted }))).toBe(state);
  });
});

describe('a task that was enqueued', () => {
  it('is shown as it was given', () => {
    const job = jobOf({ priority: 7, runAt: CREATED_AT + 60_000, parentId: 'parent-1' });
    expect(view.task('mail', job, 'scheduled', [])).toEqual({
      id: 'task-1',
      queue: 'mail',
      name: 'work',
      state: 'scheduled',
      params: { n: 1 },
      priority: 7,
      attempt: 0,
      maxAttempts: 4,
      runAt: CREATED_AT + 60_000,
      createdAt: CREATED_AT,
      startedAt: null,
      finishedAt: null,
      progress: null,
      error: null,
      attempts: [],
      logs: [],
      parentId: 'parent-1',
      children: [],
    });
  });

  it('may be tried without end', () => {
    expect(view.summary('mail', jobOf({ maxAttempts: null }), 'available').maxAttempts).toBeNull();
  });

  it('has its secrets masked: those that it was enqueued with, and those of its name', () => {
    const params = '{"user":"ann","password":"hunter2","card":"4000"}';
    const own = view.summary('mail', jobOf({ params, sensitive: ['card'] }), 'available');
    expect(own.params).toEqual({ user: 'ann', password: 'hunter2', card: '[masked]' });
    const named = view.summary('mail', jobOf({ name: 'login', params, sensitive: ['card'] }), 'available');
    expect(named.params).toEqual({ user: 'ann', password: '[masked]', card: '[masked]' });
  });

  it('is shown, and its params as unreadable, where those are no JSON', () => {
    const summary = view.summary('mail', jobOf({ params: '{"cut of' }), 'available');
    expect(summary).toMatchObject({ params: null, paramsUnreadable: true });
  });
});

describe('a task that was tried', () => {
  it('has each attempt on record, the first one first, and the last error', () => {
    const records = [record(1), record(2)];
    const task = view.task('mail', after(records), 'retryable', []);
    expect(task.attempts).toEqual(records);
    expect(task).toMatchObject({
      attempt: 2,
      maxAttempts: 4,
      error: records[1]!.error,
      startedAt: record(2).startedAt,
    });
  });

  it('is due when its last attempt said, and only while it waits for that', () => {
    const job = after([record(1, { runAt: CREATED_AT + 90_000 })]);
    expect(view.summary('mail', job, 'retryable').runAt).toBe(CREATED_AT + 90_000);
    expect(view.summary('mail', job, 'available').runAt).toBe(CREATED_AT);
    expect(view.task('mail', job, 'retryable', []).attempts[0]).not.toHaveProperty('runAt');
  });

  it('takes an attempt that its log tells of for recorded', () => {
    const noted = record(1, { outcome: 'snoozed' });
    const job = jobOf({}, { attemptsStarted: 1 });
    expect(view.task('mail', job, 'available', [JSON.stringify(noted)]).attempts).toEqual([noted]);
  });

  it('has as lost what began and is on no record', () => {
    const task = view.task('mail', after([record(2)], { attemptsStarted: 2, attemptsMade: 1 }), 'retryable', []);
    expect(task.attempts).toMatchObject([
      { attempt: 1, worker: 'unknown', outcome: 'lost', finishedAt: null },
      { attempt: 2, outcome: 'retried' },
    ]);
    expect(task.maxAttempts).toBe(5);
  });

  it('has as lost the last one as well, which nothing is known of where it is waited for', () => {
    const job = jobOf({}, { attemptsStarted: 1 });
    const task = view.task('mail', job, 'retryable', []);
    expect(task.attempts).toEqual([
      { attempt: 1, worker: 'unknown', startedAt: CREATED_AT, finishedAt: null, outcome: 'lost' },
    ]);
    expect(task).toMatchObject({ startedAt: null, runAt: CREATED_AT, error: null });
  });

  it('has the error of the last attempt that had one of its own, here or in its log', () => {
    const calm = record(2, { outcome: 'snoozed', error: undefined });
    const records = [record(1), calm, declined(3)];
    const { error } = record(1);
    expect(view.summary('mail', after(records), 'available').error).toEqual(error);
    expect(view.summary('mail', after(records), 'available').startedAt).toBe(declined(3).startedAt);
    const rows = records.map((one) => JSON.stringify(one));
    const retried = jobOf({}, { attemptsStarted: 3, attemptsMade: 1 });
    expect(view.summary('mail', retried, 'available').error).toBeNull();
    expect(view.task('mail', retried, 'available', rows).error).toEqual(error);
    const begunAnew = after([record(4)], { attemptsStarted: 4 });
    expect(view.task('mail', begunAnew, 'available', rows).error).toEqual(record(4).error);
    expect(view.task('mail', retried, 'available', [JSON.stringify(declined(1))]).error).toBeNull();
  });

  it('has the attempt under way by what BullMQ says of it', () => {
    const job = after([record(1)], { attemptsStarted: 2, processedOn: CREATED_AT + 5_000, processedBy: 'worker-2' });
    expect(view.task('mail', job, 'running', []).attempts[1]).toEqual({
      attempt: 2,
      worker: 'worker-2',
      startedAt: CREATED_AT + 5_000,
      finishedAt: null,
      outcome: null,
    });
    expect(view.summary('mail', job, 'running')).toMatchObject({ attempt: 2, maxAttempts: 4 });
  });

  it('has completed in the attempt that is on no record of failures', () => {
    const seen = { attemptsStarted: 1, attemptsMade: 1, processedOn: CREATED_AT + 10, finishedOn: CREATED_AT + 30 };
    const task = view.task('mail', jobOf({}, { ...seen, processedBy: 'worker-1' }), 'completed', []);
    expect(task).toMatchObject({ startedAt: CREATED_AT + 10, finishedAt: CREATED_AT + 30, error: null });
    expect(task.attempts).toMatchObject([{ attempt: 1, outcome: 'completed', finishedAt: CREATED_AT + 30 }]);
  });
});

describe('what a task told while it ran', () => {
  it('is its log, without what the library or other code wrote there', () => {
    const line = { at: CREATED_AT, attempt: 1, message: 'half-way' };
    const child = { child: { id: 'c', name: 'work', queue: 'mail', state: 'available' } };
    const rows = ['not JSON', '42', 'null', JSON.stringify(line), JSON.stringify(record(1)), JSON.stringify(child)];
    // An attempt that was tried again enqueued it anew, by its id.
    rows.push(JSON.stringify(child));
    expect(view.task('mail', jobOf({}, { attemptsStarted: 1 }), 'running', rows).logs).toEqual([line]);
    expect(childrenIn(rows)).toEqual([child.child]);
  });

  it('is its progress, as text and number or as other code has it', () => {
    const progress = { percent: 40, message: 'rows' };
    const shown = (given: TaskJob['progress']) =>
      view.summary('mail', jobOf({}, { progress: given }), 'running').progress;
    expect(shown(progress)).toEqual(progress);
    expect(shown(30)).toEqual({ percent: 30 });
    expect(shown(0)).toBeNull();
    expect(shown('soon')).toBeNull();
    expect(shown({ other: true })).toBeNull();
  });
});
