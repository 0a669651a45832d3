import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import { useProgram } from '../support/run/use-program.js';
import { until } from '../support/until.js';
import { Stage } from '../kill/support/stage.js';
import type { WorkerProcess } from '../kill/support/worker-process.js';

/** After so many attempts in a row that were lost, a task fails. */
const MAX_LOST_ATTEMPTS = 3;
const THROWN = [
  'undefined',
  'null',
  'text',
  'number',
  'symbol',
  'object',
  'frozen',
  'without prototype',
  'throwing getters',
  'circular cause',
  'a revoked proxy',
  'a huge message',
];

const program = useProgram('test/bad-days/worker/main');
let stage: Stage;

afterEach(async () => {
  await stage.remove();
});

async function begin(options: TasksModuleRootOptions = {}): Promise<TaskDispatcher> {
  stage = new Stage(program.file, {
    maxRetries: 0,
    maxLostAttempts: MAX_LOST_ATTEMPTS,
    queues: { work: {}, poison: {} },
    workers: { work: 5, poison: 1 },
    ...options,
  });
  return stage.startApp();
}

/** Starts a worker whenever there is none, as a supervisor does, until `over` says so. */
async function supervise(options: TasksModuleRootOptions, over: () => Promise<boolean>): Promise<WorkerProcess> {
  for (;;) {
    const worker = stage.startWorker(options);
    await worker.ready.catch(() => undefined);
    if (await until('the end of the task or of the process', async () => (await over()) || worker.hasEnded)) {
      if (!worker.hasEnded) return worker;
    }
  }
}

describe('a task that ends its process', () => {
  // So that memory runs out soon. Workers inherit it.
  beforeEach(() => void vi.stubEnv('NODE_OPTIONS', '--max-old-space-size=128'));
  afterEach(() => void vi.unstubAllEnvs());

  it.each([
    ['exit', 'process.exit()'],
    ['abort', 'a native abort'],
    ['out-of-memory', 'memory that has run out'],
    ['throw-later', 'an error thrown where nobody catches it'],
    ['reject-unhandled', 'a rejection that nobody handles'],
  ])('fails after a few lost attempts (%s: %s), and the others of its queue are run', async (name) => {
    const tasks = await begin();
    const workers = { workers: { work: 5, poison: 1 } };
    const poison = await tasks.queue<string>('poison', name, {});
    const others = await Promise.all(Array.from({ length: 5 }, () => tasks.queue<string>('poison', 'good', {})));
    const last = await supervise(workers, async () => (await tasks.get(poison.id)).state === 'failed');

    const task = await tasks.get(poison.id);
    expect(task.attempts.map(({ outcome }) => outcome)).toEqual(Array(MAX_LOST_ATTEMPTS).fill('lost'));
    expect(task.error?.message).toMatch(/lost/);
    for (const { id } of others) expect((await stage.ended(tasks, id)).state).toBe('completed');
    expect(last.hasEnded).toBe(false);
    expect(stage.workers).toHaveLength(MAX_LOST_ATTEMPTS + 1);
  });
});

describe('a handler that never returns', () => {
  it('fails when its time is over, and leaves its place to the next task', async () => {
    const tasks = await begin({ queues: { work: { timeout: '200ms' } }, workers: { work: 1 } });
    stage.startWorker({ workers: { work: 1 } });
    const { id } = await tasks.queue<string>('work', 'never-return', {});
    const next = await tasks.queue<string>('work', 'good', {});
    expect(await stage.ended(tasks, id)).toMatchObject({ state: 'failed', error: { name: 'TimeoutError' } });
    expect((await stage.ended(tasks, next.id)).state).toBe('completed');
  });

  it('does not keep its process from shutting down, and is handed back', async () => {
    const tasks = await begin();
    const worker = stage.startWorker({ workers: { work: 1 }, shutdownGrace: '50ms' });
    const { id } = await tasks.queue<string>('work', 'never-return', {});
    await stage.started(id);
    await worker.shutDown();
    expect(await tasks.get(id)).toMatchObject({ state: 'available', attempts: [{ outcome: 'released' }] });
  });
});

describe('a handler', () => {
  it('may throw anything: its task fails and says so, and the worker goes on', async () => {
    const tasks = await begin();
    const worker = stage.startWorker();
    const stored = await Promise.all(
      THROWN.map(async (what) => ({ what, id: (await tasks.queue<string>('work', 'throw', { what })).id })),
    );
    for (const { what, id } of stored) {
      const { state, error } = await stage.ended(tasks, id);
      expect({ what, state, message: typeof error?.message, name: typeof error?.name }).toEqual({
        what,
        state: 'failed',
        message: 'string',
        name: 'string',
      });
      expect(error!.message.length + (error!.stack?.length ?? 0)).toBeLessThan(200_000);
    }
    const after = await tasks.queue<string>('work', 'good', {});
    expect((await stage.ended(tasks, after.id)).state).toBe('completed');
    expect(worker.hasEnded).toBe(false);
    expect(stage.faults()).toEqual([]);
  });

  it('may flood its log: what is kept is bounded, and others are served meanwhile', async () => {
    const tasks = await begin();
    stage.startWorker();
    const { id } = await tasks.queue<string>('work', 'flood', { lines: 100_000, bytes: 1_000 });
    const task = await stage.ended(tasks, id);
    expect(task.state).toBe('completed');
    expect(task.logs.length).toBeGreaterThan(100);
    expect(task.logs.length).toBe(1_001);
    expect(task.logs.at(-1)!.message).toContain('Only the first 1000 lines');
    expect(task.progress!.percent).toBe(99);
  });
});

describe('100,000 tasks', () => {
  it('may fail all at once: each ends once, and what is counted is true', async () => {
    const tasks = await begin();
    const count = 100_000;
    const rows = Array.from({ length: 5_000 }, () => ({}));
    for (let stored = 0; stored < count; stored += rows.length) await tasks.queueMany('work', 'fail', rows);
    stage.startWorker();
    const queueStats = async () => (await tasks.stats()).find(({ queue }) => queue === 'work')!;
    await until('the last failure', async () => (await queueStats()).counts.failed === count, { patience: 120_000 });
    expect(stage.rowsByState()).toEqual({ failed: count });
    const attempts = stage.query<{ attempts: number; tasks: number }>(
      'SELECT count(*) AS attempts, count(DISTINCT task) AS tasks FROM tasks_attempt',
    );
    expect(attempts).toEqual([{ attempts: count, tasks: count }]);

    await tasks.pauseQueue('work');
    expect(await tasks.bulk('retry', { filter: { queue: 'work', state: 'failed' } })).toMatchObject({ changed: count });
    expect((await queueStats()).counts).toMatchObject({ failed: 0, available: count });
    expect(stage.faults()).toEqual([]);
  }, 180_000);
});
