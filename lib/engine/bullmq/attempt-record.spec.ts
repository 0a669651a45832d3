import { describe, expect, it } from 'vitest';
import { AttemptError, plainError, recordsIn, toStack, type AttemptRecord } from './attempt-record.js';

const FAILED: AttemptRecord = {
  attempt: 2,
  worker: 'worker-1',
  startedAt: 1_000,
  finishedAt: 1_500,
  outcome: 'failed',
  error: { name: 'TypeError', message: 'broken', stack: 'TypeError: broken\n    at work (file.ts:1)' },
};
const SNOOZED: AttemptRecord = {
  attempt: 1,
  worker: 'worker-1',
  startedAt: 10,
  finishedAt: 20,
  outcome: 'snoozed',
  runAt: 900,
};

describe('the record of an attempt', () => {
  it('comes back from the stack that it was written into', () => {
    expect(recordsIn([toStack(SNOOZED), toStack(FAILED)])).toEqual([SNOOZED, FAILED]);
  });

  it('leaves the stack for people as it is, above its own line', () => {
    expect(toStack(FAILED).startsWith(`${FAILED.error!.stack}\n    -- attempt {`)).toBe(true);
    expect(toStack(FAILED).split(FAILED.error!.stack!)).toHaveLength(2);
  });

  it('keeps an error that has no stack without one', () => {
    const record = { ...FAILED, error: { name: 'Error', message: 'no stack' } };
    expect(recordsIn([toStack(record)])).toEqual([record]);
  });

  it('is found below a stack that looks like one itself', () => {
    const stack = `Error: quoted\n    -- attempt {"attempt":99}\n    at x`;
    const record = { ...FAILED, error: { ...FAILED.error!, stack } };
    expect(recordsIn([toStack(record)])).toEqual([record]);
  });

  it('is none in what other code stored, nor in what was cut off', () => {
    const cut = toStack(FAILED).slice(0, -5);
    expect(recordsIn(['Error: theirs\n    at y', '', cut])).toEqual([]);
    expect(recordsIn(null)).toEqual([]);
    expect(recordsIn(undefined)).toEqual([]);
  });
});

describe('what BullMQ is given for a failure', () => {
  it('is an Error with the message and the record as its stack', () => {
    const failure = new AttemptError(FAILED, 250);
    expect(failure).toBeInstanceOf(Error);
    expect(failure).toMatchObject({ name: 'AttemptError', message: 'broken', delay: 250 });
    expect(recordsIn([failure.stack!])).toEqual([FAILED]);
  });

  it('is named for the outcome where nothing was thrown', () => {
    expect(new AttemptError(SNOOZED, null)).toMatchObject({ message: 'snoozed', delay: null });
  });
});

describe('a failure that other code recorded', () => {
  it.each([
    ['RangeError: too far\n    at x', 'RangeError'],
    ['Error: plain\n    at x', 'Error'],
    ['something else entirely', 'Error'],
    ['at RangeError: not at the start', 'Error'],
  ])('has the name that its stack begins with: %s', (stack, name) => {
    expect(plainError('reason', stack)).toEqual({ name, message: 'reason', stack });
  });

  it('has no stack where there was none', () => {
    expect(plainError('job stalled more than allowable limit', undefined)).toEqual({
      name: 'Error',
      message: 'job stalled more than allowable limit',
    });
  });
});
