import { describe, expect, it } from 'vitest';
import { CREATED_AT, foreignJob, jobOf, plainTask } from '../../../test/engines/support/plain-job.js';
import {
  attemptOf,
  excusedAttempts,
  notesOf,
  paramsOf,
  priorityOf,
  runAtOf,
  storedPriority,
  toJob,
} from './stored-job.js';

/** Values that PostgreSQL's jsonb, or the lists of Redis, would change or refuse. */
const ODD_PARAMS = [
  '{"cut of',
  '[1,2]',
  '"text"',
  'null',
  '42',
  '{"nul":"\\u0000"}',
  '{"half":"\\ud83d"}',
  '{"half":"\\uDE00"}',
  '{"backslash":"\\\\u0000"}',
];
const PLAIN_PARAMS = ['{}', '{"n":1}', '{"text":"ünï ☃ 𝒳"}', '{"b":1,"a":2}'];

describe('a task as a job', () => {
  it('is added under its id, name and time, to be tried as often as it may', () => {
    expect(toJob(plainTask())).toEqual({
      id: '~task-1',
      name: 'work',
      data: '{"n":1}',
      opts: { priority: storedPriority(0), attempts: 4, task: { maxAttempts: 4 } },
      timestamp: CREATED_AT,
    });
  });

  it('notes nothing that it does not have: Redis would give an empty list back as an object', () => {
    const { opts } = toJob(plainTask({ maxAttempts: null }));
    expect(opts).toMatchObject({ attempts: 1, task: {} });
    expect((opts as { task: object }).task).toStrictEqual({});
    expect(notesOf({ opts: opts })).toEqual({
      maxAttempts: null,
      settings: null,
      sensitive: [],
      runAt: undefined,
      parentId: undefined,
      carried: undefined,
    });
  });

  it('keeps what only the library knows beside its options', () => {
    const task = { settings: '{"timeout":1000}', sensitive: ['card'], parentId: 'parent-1' };
    expect(notesOf(jobOf(task))).toMatchObject({ maxAttempts: 4, ...task });
  });

  it('says which call added it, where that matters', () => {
    expect(toJob(plainTask(), 'call-1').opts).toMatchObject({ task: { call: 'call-1' } });
  });

  it('waits as long as lies between its making and its time', () => {
    const job = jobOf({ runAt: CREATED_AT + 5_000 });
    expect(job.opts.delay).toBe(5_000);
    expect(runAtOf(job)).toBe(CREATED_AT + 5_000);
  });

  it('does not wait, and remembers since when it is due, where its time is over', () => {
    const job = jobOf({ runAt: CREATED_AT - 5_000 });
    expect(job.opts.delay).toBeUndefined();
    expect(runAtOf(job)).toBe(CREATED_AT - 5_000);
  });

  it.each(PLAIN_PARAMS)('shows its params to other tools of BullMQ: %s', (params) => {
    expect(toJob(plainTask({ params })).data).toBe(params);
    expect(paramsOf(jobOf({ params }))).toBe(params);
  });

  it.each(ODD_PARAMS)('stores what BullMQ could not hold, and gives it back as it was: %s', (params) => {
    const { data } = toJob(plainTask({ params }));
    expect(Object.keys(JSON.parse(data) as object)).toEqual(['nestjs-tasks:params']);
    const job = jobOf({ params });
    expect(paramsOf(job)).toBe(params);
    expect(paramsOf({ data: job.data, paramsText: data })).toBe(params);
  });

  it('gives back the text as it was fetched, without writing it anew', () => {
    const paramsText = '{ "n" : 1.0 }';
    expect(paramsOf({ data: { n: 1 }, paramsText })).toBe(paramsText);
  });
});

describe('the priority of a job', () => {
  it.each([0, 1, -1, 500_000, -500_000])('comes back as %d, and a greater one is served sooner', (priority) => {
    expect(priorityOf(jobOf({ priority }))).toBe(priority);
    expect(storedPriority(priority + 1)).toBeLessThan(storedPriority(priority));
    expect(storedPriority(priority)).toBeGreaterThan(0);
  });

  it('is turned round for a job of other code, which has 1 for the most urgent', () => {
    expect(priorityOf(foreignJob())).toBe(0);
    expect(priorityOf(foreignJob({ priority: 3 }))).toBe(-3);
  });
});

describe('a job that other code added', () => {
  it('has no notes but how often it may be tried', () => {
    expect(notesOf(foreignJob({ attempts: 3 }))).toMatchObject({ maxAttempts: 3, settings: null, sensitive: [] });
    expect(notesOf(foreignJob())).toMatchObject({ maxAttempts: 1 });
  });
});

describe('the attempts of a job', () => {
  it('are those that began', () => {
    expect(attemptOf(jobOf())).toBe(0);
    expect(attemptOf(jobOf({}, { attemptsStarted: 3 }))).toBe(3);
  });

  it('are excused where they were begun and not made, and the running one is not over', () => {
    expect(excusedAttempts(jobOf({}, { attemptsStarted: 3, attemptsMade: 1 }), false)).toBe(2);
    expect(excusedAttempts(jobOf({}, { attemptsStarted: 3, attemptsMade: 1 }), true)).toBe(1);
    expect(excusedAttempts(jobOf({}, { attemptsStarted: 1, attemptsMade: 1 }), true)).toBe(0);
  });
});
