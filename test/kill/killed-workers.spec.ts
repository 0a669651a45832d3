import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { until } from '../support/until.js';
import { overlaps } from './support/ledger.js';
import { Random } from './support/random.js';
import { Stage, enqueue, useWorker } from './support/stage.js';

const PROCESSES = 4;
const KILLS = 40;
const TASKS_PER_KILL = 75;
/** A victim is mostly one that works; sometimes it has not even booted. */
const KILLED_AT_WORK = 0.8;
const PATIENCE_MS = 300_000;

/** Set it to the number that a run printed, to have the same tasks and the same pauses again. */
const SEED = Number(process.env.KILL_SEED ?? Math.floor(Math.random() * 2 ** 32));

interface Expected {
  readonly state: 'completed' | 'failed';
  /** Attempts that fail and are followed by another. */
  readonly retried: number;
}

describe(`workers that are killed (KILL_SEED=${SEED})`, () => {
  const random = new Random(SEED);
  const expected = new Map<string, Expected>();
  const worker = useWorker();
  let stage: Stage;
  let tasks: TaskDispatcher;

  async function enqueueOne(): Promise<void> {
    const kind = random.next();
    const completed = { state: 'completed', retried: 0 } as const;
    if (kind < 0.6) expected.set((await enqueue(tasks, 'quick', {})).id, completed);
    else if (kind < 0.8) {
      const retries = random.between(0, 3);
      const failures = random.between(0, 4);
      const { id } = await enqueue(tasks, 'fail', { failures, retries }, { maxRetries: retries });
      const state = failures > retries ? 'failed' : 'completed';
      expected.set(id, { state, retried: Math.min(failures, retries) });
    } else if (kind < 0.92) expected.set((await enqueue(tasks, 'wait', { ms: random.between(1, 300) })).id, completed);
    else if (kind < 0.95) expected.set((await enqueue(tasks, 'block', { ms: random.between(1, 100) })).id, completed);
    else expected.set((await enqueue(tasks, 'spawn', {})).id, completed);
  }

  async function enqueueBatch(): Promise<void> {
    const single = Array.from({ length: TASKS_PER_KILL - 10 }, enqueueOne);
    const rows = Array.from({ length: 10 }, () => ({}));
    const delay = random.between(0, 200);
    const many = await tasks.queueMany('work', 'quick', rows, { delay });
    for (const { id } of many) expected.set(id, { state: 'completed', retried: 0 });
    await Promise.all(single);
  }

  async function killOne(): Promise<void> {
    const living = stage.workers.filter((candidate) => !candidate.hasEnded);
    const working = living.filter((candidate) => candidate.isReady);
    const victims = working.length > 0 && random.next() < KILLED_AT_WORK ? working : living;
    await random.pick(victims).kill();
    stage.startWorker();
  }

  beforeAll(async () => {
    // A task that is killed with its process again and again is no suspect here.
    stage = new Stage(worker.file, { maxLostAttempts: 1_000 });
    // None of the processes has seen the file: they create and migrate it together.
    for (let count = 0; count < PROCESSES; count += 1) stage.startWorker();
    tasks = await stage.startApp();

    const produced: Promise<void>[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      produced.push(enqueueBatch());
      await stage.atWork();
      await sleep(random.between(5, 250));
      await killOne();
    }
    await Promise.all(produced);
    await until(
      'the end of every task',
      async () => {
        const open = (await tasks.stats()).find(({ queue }) => queue === 'work')!.counts;
        return open.available + open.scheduled + open.retryable + open.running === 0;
      },
      { patience: PATIENCE_MS },
    );
    const living = stage.workers.filter((one) => !one.hasEnded);
    await Promise.all(living.map((one) => one.ready));
    await Promise.all(living.map((one) => one.shutDown()));
  }, PATIENCE_MS);

  afterAll(() => stage?.remove());

  it('end every acknowledged task once, as it would have ended without the kills', () => {
    const rows = stage.query<{ id: string; state: string }>('SELECT id, state FROM tasks_task');
    const states = new Map(rows.map(({ id, state }) => [id, state]));
    expect(states.size).toBe(rows.length);
    const wrong = [...expected].filter(([id, { state }]) => states.get(id) !== state);
    expect(wrong).toEqual([]);
    expect(expected.size).toBe(KILLS * TASKS_PER_KILL);
  });

  it('lose no task that a handler was told is stored', () => {
    const acknowledged = stage.ledger.read().filter((entry) => entry.event === 'acknowledged');
    const stored = new Set(
      stage.query<{ id: string }>(`SELECT id FROM tasks_task WHERE state = 'completed'`).map(({ id }) => id),
    );
    expect(acknowledged.length).toBeGreaterThan(0);
    expect(acknowledged.filter(({ task }) => !stored.has(task))).toEqual([]);
  });

  it('never run a task twice at a time, and no attempt twice', () => {
    expect(overlaps(stage.ledger.read())).toEqual([]);
  });

  it('leave a record of every attempt: numbered from 1 without holes, the lost ones as lost', () => {
    const attempts = stage.attemptsByTask();
    const rows = stage.query<{ id: string; attempt: number }>('SELECT id, attempt FROM tasks_task');
    const holes = rows.filter(({ id, attempt }) => {
      const numbers = (attempts.get(id) ?? []).map((one) => one.attempt);
      return numbers.length !== attempt || numbers.some((number, index) => number !== index + 1);
    });
    expect(holes).toEqual([]);

    const events = stage.ledger.read();
    const outcomes = new Map(
      [...attempts].flatMap(([id, list]) => list.map((one): [string, string] => [`${id} ${one.attempt}`, one.outcome])),
    );
    const started = new Set<string>();
    const ended = new Set<string>();
    for (const entry of events) {
      if (entry.event === 'start') started.add(`${entry.task} ${entry.attempt}`);
      if (entry.event === 'end') ended.add(`${entry.task} ${entry.attempt}`);
    }
    const cut = [...started].filter((key) => !ended.has(key));
    expect(cut.length).toBeGreaterThan(0);
    expect(cut.filter((key) => outcomes.get(key) !== 'lost')).toEqual([]);
    expect([...started].filter((key) => !outcomes.has(key))).toEqual([]);
    // What a process had claimed and not begun when it was killed is lost, too; nothing else was not begun.
    expect([...outcomes].filter(([key, outcome]) => outcome !== 'lost' && !started.has(key))).toEqual([]);
  });

  it('do not let a lost attempt count against the retries', () => {
    const attempts = stage.attemptsByTask();
    const wrong = [...expected].filter(([id, { state, retried }]) => {
      const outcomes = attempts.get(id)!.map(({ outcome }) => outcome);
      const counted = outcomes.filter((outcome) => outcome !== 'lost');
      return counted.join() !== [...Array<string>(retried).fill('retried'), state].join();
    });
    expect(wrong).toEqual([]);
  });

  it('keep the counters and the metrics true', async () => {
    const rows = stage.rowsByState();
    const { counts } = (await tasks.stats()).find(({ queue }) => queue === 'work')!;
    const counted = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
    expect(counted).toEqual(rows);
    const { points } = await tasks.metrics({ window: '1h' });
    const sum = (field: 'completed' | 'failed') => points.reduce((total, point) => total + point[field], 0);
    expect({ completed: sum('completed'), failed: sum('failed') }).toEqual(rows);
  });

  it('leave the file sound, nobody registered and no heartbeat behind', async () => {
    expect(stage.query('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    expect(await tasks.workers()).toEqual([]);
    expect(stage.heartbeats()).toEqual([]);
    expect(stage.faults()).toEqual([]);
  });
});
