import { describe, expect, it } from 'vitest';
import { jobOf } from '../../../test/engines/support/plain-job.js';
import type { Outcome } from '../port/index.js';
import { type AttemptRecord, toStack } from './attempt-record.js';
import { declinedOutcome, failedUnknown, hasBegun, isDeclined, unhandledSince } from './declined.js';

const NOW = Date.UTC(2027, 0, 1);
const ERROR = { name: 'UnknownTaskNameError', message: 'nobody knows it', stack: 'at x' };
const DECLINED: Outcome & { kind: 'declined' } = {
  kind: 'declined',
  wait: 60_000,
  error: ERROR,
  keepFor: 5_000,
  maxAttempts: 4,
};

function record(attempt: number, more: Partial<AttemptRecord> = {}): AttemptRecord {
  const startedAt = NOW - 100_000 + attempt * 1_000;
  return { attempt, worker: 'w', startedAt, finishedAt: startedAt, outcome: 'snoozed', error: ERROR, ...more };
}

const jobAfter = (...records: AttemptRecord[]) => jobOf({}, { stacktrace: records.map(toStack) });

describe('a task that nobody here has a handler for', () => {
  it('comes again after a moment, without a stack and without an attempt that counts', () => {
    const { stack: _stack, ...error } = ERROR;
    expect(declinedOutcome(jobOf(), DECLINED, NOW)).toEqual({
      kind: 'retry',
      at: NOW + 1_000,
      error,
      countsAttempt: false,
      maxAttempts: 4,
    });
  });

  it('comes the later the longer that has gone on', () => {
    const job = jobAfter(record(1, { startedAt: NOW - 40_000 }));
    expect(declinedOutcome(job, DECLINED, NOW)).toMatchObject({ kind: 'retry', at: NOW + 10_000 });
  });

  it('fails where that has gone on for too long', () => {
    const job = jobAfter(record(1, { startedAt: NOW - 60_001 }));
    expect(declinedOutcome(job, DECLINED, NOW)).toMatchObject({ kind: 'failed', keepFor: 5_000 });
  });
});

describe('since when a task is left to others', () => {
  it.each<[string, AttemptRecord[], number | undefined]>([
    ['no attempt', [], undefined],
    ['each of them', [record(1), record(2)], record(1).startedAt],
    ['those after one that failed', [record(1, { outcome: 'failed' }), record(2), record(3)], record(2).startedAt],
    ['none, as the last one was handled', [record(1), record(2, { outcome: 'retried' })], undefined],
    ['none, as it put itself off', [record(1, { error: { name: 'SnoozeError', message: 'later' } })], undefined],
    ['none, as it has no error', [{ ...record(1), error: undefined }], undefined],
  ])('%s', (_what, records, since) => {
    expect(unhandledSince(records)).toBe(since);
    expect(records.length > 0 && isDeclined(records.at(-1)!)).toBe(since !== undefined);
  });
});

describe('a task that failed as nobody knew it', () => {
  const failed = record(2, { outcome: 'failed' });

  it.each<[string, AttemptRecord[], boolean]>([
    ['no attempt', [], false],
    ['left to others before', [record(1), failed], true],
    ['left to others twice before', [record(0), record(1), failed], true],
    ['failed at once', [failed], false],
    ['failed otherwise before', [record(1, { outcome: 'retried' }), failed], false],
    ['failed with another error', [record(1), { ...failed, error: { name: 'Error', message: 'no' } }], false],
    ['failed without any', [record(1), { ...failed, error: undefined }], false],
    ['still waits', [record(1), record(2)], false],
  ])('%s', (_what, records, isUnknown) => {
    expect(failedUnknown(records)).toBe(isUnknown);
  });
});

it('a task has begun once an attempt was not left to others', () => {
  const after = (attemptsStarted: number, ...records: AttemptRecord[]) =>
    jobOf({}, { attemptsStarted, stacktrace: records.map(toStack) });
  expect(hasBegun(after(0))).toBe(false);
  expect(hasBegun(after(1, record(1)))).toBe(false);
  expect(hasBegun(after(2, record(1)))).toBe(true);
  expect(hasBegun(after(2, record(1), record(2, { outcome: 'retried' })))).toBe(true);
});
