import { describe, expect, it } from 'vitest';
import { CREATED_AT, jobOf } from '../../../test/engines/support/plain-job.js';
import { after, declined, record } from '../../../test/engines/support/plain-record.js';
import { toStack } from './attempt-record.js';
import { JobView, stateOf } from './job-view.js';
import { notesOf } from './stored-job.js';
import type { TaskJob } from './task-job.js';

const view = new JobView(
  (params) => params,
  () => [],
);

describe('a task that is suspended', () => {
  const until = CREATED_AT + 90_000;
  const waitingFor = {
    since: CREATED_AT + 1_500,
    until,
    waits: [{ kind: 'sleep', name: 'nap', until }],
    total: 1,
  } as const;
  const asleep = after([record(1, { outcome: 'snoozed', error: undefined, runAt: until, waitingFor })]);

  it('says what it waits for, and until when', () => {
    expect(stateOf('delayed', asleep)).toBe('suspended');
    const summary = view.summary('mail', asleep, 'suspended');
    expect(summary.waitingFor).toEqual(waitingFor);
    expect(summary.runAt).toBe(until);
  });

  it('waits for nothing any more once it goes on, nor does one that waits for its time', () => {
    expect(view.summary('mail', asleep, 'available')).not.toHaveProperty('waitingFor');
    expect(view.summary('mail', after([record(1)]), 'retryable')).not.toHaveProperty('waitingFor');
  });
});

describe('a task that is left to processes that know a handler', () => {
  const job = after([record(1), declined(2), declined(3)]);

  it.each(['available', 'retryable', 'running'] as const)('says since when, while it is %s', (state) => {
    expect(view.summary('mail', job, state).unhandledSince).toBe(declined(2).startedAt);
  });

  it.each(['failed', 'completed', 'cancelled'] as const)('says so no more once it is %s', (state) => {
    expect(view.summary('mail', job, state)).not.toHaveProperty('unhandledSince');
  });

  it('is none that had a handler last', () => {
    expect(view.summary('mail', after([declined(1), record(2)]), 'retryable')).not.toHaveProperty('unhandledSince');
  });
});

describe('a task that somebody gave another time', () => {
  const waiting = (moved: number): TaskJob => {
    const job = jobOf({}, { attemptsStarted: 1, stacktrace: [toStack(record(1, { runAt: CREATED_AT + 90_000 }))] });
    const task = { ...notesOf(job), moved, runAt: CREATED_AT + 5_000 };
    return { ...job, opts: { ...job.opts, task } } as unknown as TaskJob;
  };

  it('is due then, until an attempt says otherwise', () => {
    expect(view.summary('mail', waiting(1), 'retryable').runAt).toBe(CREATED_AT + 5_000);
    expect(view.summary('mail', waiting(0), 'retryable').runAt).toBe(CREATED_AT + 90_000);
  });
});
