import { describe, expect, it } from 'vitest';
import { jobOf } from '../../../../test/engines/support/plain-job.js';
import type { StepRecord } from '../../port/index.js';
import { type AttemptRecord, toStack } from '../attempt-record.js';
import { suspensionIn, suspensionOf } from './suspended-jobs.js';

const ATTEMPT: AttemptRecord = { attempt: 2, worker: 'w', startedAt: 10, finishedAt: 20, outcome: 'snoozed' };
const YEAR_MS = 365 * 24 * 60 * 60 * 1_000;

function waiting(name: string, wait: StepRecord['wait']): StepRecord {
  const kind = wait?.signals ? 'wait' : 'sleep';
  return { kind, name, number: 1, position: 1, result: null, sensitive: [], wait, startedAt: 10, finishedAt: null };
}

describe('how a job is put aside', () => {
  it('is until the first of its times, or a signal, with the record of its attempt', () => {
    const waits = [
      waiting('a', { until: 900, signals: ['paid', 'late'] }),
      waiting('b', { until: 500, signals: ['paid'] }),
    ];
    const { steps, signals, due, record } = suspensionOf(ATTEMPT, waits);
    expect(Object.keys(steps)).toEqual(['wait 1 "a"', 'wait 1 "b"']);
    expect(JSON.parse(steps['wait 1 "a"']!)).toEqual({ ...waits[0], attempt: 2 });
    expect({ signals, due }).toEqual({ signals: ['"paid"', '"late"'], due: 500 });
    expect(record).toMatchObject({ ...ATTEMPT, runAt: 500, waitingFor: { since: 20, until: 500, total: 2 } });
  });

  it('is for ten years where it waits without end', () => {
    const { due, signals, record } = suspensionOf(ATTEMPT, [waiting('a', null)]);
    expect(due).toBe(20 + 10 * YEAR_MS);
    expect(signals).toEqual([]);
    expect(record.runAt).toBe(20);
    expect(record.waitingFor).not.toHaveProperty('until');
  });
});

describe('what a job is put aside for', () => {
  const suspended = (): AttemptRecord => suspensionOf(ATTEMPT, [waiting('a', { until: 500 })]).record;
  const job = (attemptsStarted: number, ...records: AttemptRecord[]) =>
    jobOf({}, { attemptsStarted, stacktrace: records.map(toStack) });

  it('is on the record of its last attempt', () => {
    const record = suspended();
    expect(suspensionIn(job(2, record))).toEqual(record.waitingFor);
    expect(suspensionIn(job(2, ATTEMPT, record))).toEqual(record.waitingFor);
  });

  it('is nothing where an attempt came after that, or it is delayed for another reason', () => {
    const record = suspended();
    expect(suspensionIn(job(3, record))).toBeUndefined();
    expect(suspensionIn(job(2, record, ATTEMPT))).toBeUndefined();
    expect(suspensionIn(job(2))).toBeUndefined();
    expect(suspensionIn(jobOf({}, { stacktrace: null as never }))).toBeUndefined();
    expect(suspensionIn(jobOf({}, { stacktrace: ['Error: theirs'] }))).toBeUndefined();
  });
});
