import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TaskEvent } from '../../../contract/index.js';
import { MAX_CHANGED_IDS } from '../../port/index.js';
import { openMemory } from '../by-hand/memory-image.js';
import type { Connection } from './connection.js';
import { Transaction } from './transaction.js';

const TASK = { id: 'one', queue: 'mails', name: 'send', attempt: 1 };

describe('A transaction that writes', () => {
  let connection: Connection;
  let transaction: Transaction;

  beforeEach(async () => {
    connection = await openMemory('', 'normal', { log: () => undefined, warn: () => undefined });
    transaction = new Transaction(connection.database);
  });
  afterEach(() => connection.close());

  const all = (sql: string): unknown[] => connection.database.prepare(sql).raw().all();
  const counts = (): unknown[] => all('SELECT queue, state, count FROM tasks_count ORDER BY queue, state');

  it('has nothing for anybody at first, and stores nothing', () => {
    const { available, paused, touched, errorGroups, dueAt, lapseAt, settleAt, cancelRequested, events } = transaction;
    expect([available.size, paused.size, touched.size, errorGroups.size]).toEqual([0, 0, 0, 0]);
    expect([dueAt, lapseAt, settleAt, cancelRequested, events]).toEqual([Infinity, Infinity, Infinity, false, null]);
    transaction.finish();
    expect(counts()).toEqual([]);
  });

  it('adds up what went from one state to another, and writes it at its end', () => {
    transaction.moved('a', null, 'available', 3);
    transaction.moved('a', 'available', 'running');
    transaction.moved('b', 'running', 'completed', 2);
    transaction.moved('b', 'completed', null);
    expect(counts()).toEqual([]);
    transaction.finish();
    expect(counts()).toEqual([
      ['a', 'available', 2],
      ['a', 'running', 1],
      ['b', 'completed', 1],
      ['b', 'running', -2],
    ]);
    expect([...transaction.available]).toEqual(['a']);
    const next = new Transaction(connection.database);
    next.moved('a', 'running', 'available');
    // What comes and goes is nothing.
    next.moved('c', null, 'scheduled');
    next.moved('c', 'scheduled', null);
    next.finish();
    expect(counts()).toMatchObject([
      ['a', 'available', 3],
      ['a', 'running', 0],
      ['b', 'completed', 1],
      ['b', 'running', -2],
    ]);
  });

  it('tells of queues, with the first of the tasks that it touched', () => {
    transaction.touch('a');
    transaction.touch('b', 'one');
    transaction.touch('b', 'two');
    for (let n = 0; n <= MAX_CHANGED_IDS; n += 1) transaction.touch('c', String(n));
    expect(transaction.touched.get('a')).toEqual([]);
    expect(transaction.touched.get('b')).toEqual(['one', 'two']);
    expect(transaction.touched.get('c')).toHaveLength(MAX_CHANGED_IDS);
    expect(transaction.touched.get('c')!.at(-1)).toBe(String(MAX_CHANGED_IDS - 1));
  });

  it('tells of tasks where somebody listens, with no more of them than a listener is told', () => {
    const events: TaskEvent[] = [];
    const heard = new Transaction(connection.database, events);
    const error = { name: 'Error', message: 'broken' };
    heard.tell('completed', { ...TASK, more: 1 } as TaskEvent['task']);
    heard.tell('failed', TASK, error);
    heard.tell('cancelled', TASK, null);
    expect(events).toEqual([
      { event: 'completed', task: TASK },
      { event: 'failed', task: TASK, error },
      { event: 'cancelled', task: TASK },
    ]);
    expect(Object.keys(events[0]!)).toEqual(['event', 'task']);
    expect(() => transaction.tell('completed', TASK)).not.toThrow();
  });

  it.each(['due', 'lapses', 'settles'] as const)('keeps the earliest time at which something %s', (which) => {
    const kept = () => ({ due: transaction.dueAt, lapses: transaction.lapseAt, settles: transaction.settleAt })[which];
    transaction[which](20);
    expect(kept()).toBe(20);
    transaction[which](30);
    expect(kept()).toBe(20);
    transaction[which](10);
    expect(kept()).toBe(10);
    expect([transaction.dueAt, transaction.lapseAt, transaction.settleAt].filter((time) => time === 10)).toHaveLength(
      1,
    );
  });

  it('has what is deleted come due, which is not before something else allows it', () => {
    expect(transaction.expiry(100, null, 500)).toBeNull();
    expect(transaction.dueAt).toBe(Infinity);
    expect(transaction.expiry(100, 50)).toBe(150);
    expect(transaction.dueAt).toBe(150);
    expect(transaction.expiry(100, 30, 140)).toBe(140);
    expect(transaction.expiry(100, 30, 120)).toBe(130);
    expect(transaction.dueAt).toBe(130);
  });

  it('has one place for the minute of a name in a queue', () => {
    const [send, mails] = [TASK, 60_000];
    const first = transaction.metric(send, mails);
    expect(first).toEqual({
      minute: 60_000,
      queue: 'mails',
      name: 'send',
      completed: 0,
      failed: 0,
      retried: 0,
      cancelled: 0,
      waits: [],
      runs: [],
    });
    expect(transaction.metric(send, 119_999)).toBe(first);
    const others = [
      transaction.metric({ ...send, queue: 'other' }, mails),
      transaction.metric({ ...send, name: 'other' }, mails),
      transaction.metric(send, 120_000),
    ];
    expect(new Set([first, ...others]).size).toBe(4);
    expect(transaction.metric(send, 60_001)).toBe(first);
    expect(others.map(({ minute, queue, name }) => [minute, queue, name])).toEqual([
      [60_000, 'other', 'send'],
      [60_000, 'mails', 'other'],
      [120_000, 'mails', 'send'],
    ]);
  });

  it('adds what ended in a minute to what is stored of it', () => {
    const add = (waits: number[], runs: number[]): void => {
      const next = new Transaction(connection.database);
      const minute = next.metric(TASK, 60_000);
      Object.assign(minute, { completed: 1, failed: 2, retried: 3, cancelled: 4 });
      minute.waits.push(...waits);
      minute.runs.push(...runs);
      next.finish();
    };
    add([1, 3], [5]);
    add([0], [2, 2]);
    expect(connection.database.prepare('SELECT * FROM tasks_metric').all()).toEqual([
      {
        minute: 60_000,
        queue: 'mails',
        name: 'send',
        completed: 2,
        failed: 4,
        retried: 6,
        cancelled: 8,
        wait_total: 4,
        wait_histogram: '[1,1,1]',
        run_total: 9,
        run_histogram: '[0,0,2,1]',
      },
    ]);
  });

  it('keeps one note of what happened to tasks with keys', () => {
    expect(transaction.keys).toBe(transaction.keys);
    transaction.finish();
  });
});
