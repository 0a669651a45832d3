import { describe, expect, it } from 'vitest';
import { jobOf } from '../../../test/engines/support/plain-job.js';
import type { Outcome, TaskResult } from '../port/index.js';
import {
  attemptsNoted,
  ENCODED_RESULT,
  ENDED,
  resultOfJob,
  resultRowIn,
  returnValueOf,
  rowOfResult,
} from './job-result.js';

type Completed = Outcome & { readonly kind: 'completed' };

function completed(result?: Partial<TaskResult>, maxAttempts: number | null = 4): Completed {
  const whole = { json: '{"n":1}', sensitive: [], keepFor: null, ...result };
  return { kind: 'completed', maxAttempts, keepFor: null, ...(result && { result: whole }) };
}

/** The result as it is read after a job has returned what is to be stored of it. */
function roundTrip(result: Partial<TaskResult>, maxAttempts: number | null = 4): string | null {
  const job = jobOf({}, { attemptsStarted: 1 });
  const outcome = completed(result, maxAttempts);
  const row = rowOfResult(job, outcome);
  const returnvalue = returnValueOf(job, outcome);
  const ended = jobOf({}, { attemptsStarted: 1, returnvalue, finishedOn: Date.now() });
  return resultOfJob(ended, row && resultRowIn(ended, [row]));
}

describe('the result of a task', () => {
  it.each([
    '{"n":1}',
    '[]',
    '[1,null]',
    '"text"',
    '42',
    'true',
    'null',
    '{"maxAttempts":3}',
    '{"maxAttempts":3,"other":1}',
    `{"${ENCODED_RESULT}":"x"}`,
    `{"${ENDED}":{}}`,
    '{"nul":"\\u0000"}',
    '{"half":"\\ud83d"}',
    '{"half":"\\uDE00"}',
  ])('comes back as it was: %s', (json) => {
    expect(roundTrip({ json })).toBe(json);
  });

  it.each(['{"n":1}', '[1,null]', '"text"', 'true', '{"maxAttempts":3,"other":1}', '{"maxAttempts":"3"}'])(
    'is the return value itself where BullMQ can hold it: %s',
    (json) => {
      expect(returnValueOf(jobOf(), completed({ json }))).toEqual(JSON.parse(json));
    },
  );

  it.each(['{"maxAttempts":3}', `{"${ENCODED_RESULT}":"x","y":1}`, `{"${ENDED}":{},"y":1}`, '"\\u0000"', '"\\uD800"'])(
    'is encoded where it could not, or would be taken for a note: %s',
    (json) => {
      const value = returnValueOf(jobOf(), completed({ json }));
      expect(value).toEqual({ [ENCODED_RESULT]: Buffer.from(json).toString('base64') });
    },
  );

  it('needs no row in the log where the value says it all', () => {
    expect(rowOfResult(jobOf(), completed())).toBeNull();
    expect(rowOfResult(jobOf(), completed({}))).toBeNull();
  });

  it.each<[string, Partial<TaskResult>, number | null]>([
    ['kept for a time', { keepFor: 1_000 }, 4],
    ['with secrets', { sensitive: ['card'] }, 4],
    ['null', { json: 'null' }, 4],
    ['of a task whose handler has another number of attempts', {}, 5],
    ['of a task that is tried without end', {}, null],
  ])('has one where it is %s', (_what, result, maxAttempts) => {
    const { keepFor = null, sensitive = [] } = result;
    const job = jobOf({}, { attemptsStarted: 2 });
    expect(rowOfResult(job, completed(result, maxAttempts))).toEqual({
      result: { attempt: 2, keepFor, sensitive, maxAttempts },
    });
  });
});

describe('a task without a result', () => {
  it('returns nothing, or how often it could be tried where that is news', () => {
    expect(returnValueOf(jobOf(), completed())).toBeUndefined();
    expect(returnValueOf(jobOf(), completed(undefined, 9))).toEqual({ maxAttempts: 9 });
    expect(returnValueOf(jobOf(), completed(undefined, null))).toEqual({ maxAttempts: null });
  });

  it('has none for whoever reads it', () => {
    for (const returnvalue of [null, undefined, { maxAttempts: 9 }]) {
      expect(resultOfJob(jobOf({}, { returnvalue }), null)).toBeNull();
    }
  });

  it('is told from a result by a note of one number', () => {
    expect(attemptsNoted({ maxAttempts: 9 })).toBe(9);
    for (const value of [null, 9, 'x', {}, { maxAttempts: '9' }, { maxAttempts: 9, n: 1 }, { n: 1 }]) {
      expect(attemptsNoted(value)).toBeUndefined();
    }
  });
});

describe('the row of a result in the log', () => {
  const result = { attempt: 1, keepFor: null, sensitive: [], maxAttempts: 4 };

  it('is the last one, of the attempt that completed', () => {
    const job = jobOf({}, { attemptsStarted: 1 });
    const older = { ...result, maxAttempts: 2 };
    expect(resultRowIn(job, [{ result: older }, { result }, { at: 1, message: 'x' }, null, 'text'])).toEqual(result);
    expect(resultRowIn(jobOf({}, { attemptsStarted: 2 }), [{ result }])).toBeNull();
  });

  it('is none in what other code logs', () => {
    expect(resultRowIn(jobOf(), [])).toBeNull();
    expect(resultRowIn(jobOf(), ['result', 7, null, { result: null }, { result: 'x' }, { n: 1 }])).toBeNull();
  });

  it('says until when it is kept', () => {
    const row = { ...result, keepFor: 60_000 };
    const job = (age: number) => jobOf({}, { attemptsStarted: 1, returnvalue: 7, finishedOn: Date.now() - age });
    expect(resultOfJob(job(1_000), row)).toBe('7');
    expect(resultOfJob(job(60_000), row)).toBeNull();
    expect(resultOfJob(job(60_000), { ...row, keepFor: null })).toBe('7');
    expect(resultOfJob(jobOf({}, { returnvalue: 7 }), row)).toBeNull();
  });
});
