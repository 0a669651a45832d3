import { afterEach, describe, expect, it } from 'vitest';
import type { BullmqOptions } from '../../lib/engine/bullmq/index.js';
import { until } from '../support/until.js';
import { Random } from './support/random.js';
import { enqueue, Stage, useWorker } from './support/stage.js';

const KILLS = 12;
const TASKS = 300;

/** Worker processes on a real server, killed at random moments. */
export function describeKilledWorkers(name: string, start: () => Promise<BullmqOptions>): void {
  describe(`workers on ${name} that are killed`, () => {
    const worker = useWorker();
    let stage: Stage;

    afterEach(() => stage.remove());

    it('lose no task, and complete each one once', async () => {
      stage = new Stage(worker.file, {
        database: undefined,
        engine: { bullmq: await start() },
        lease: 1_000,
        maxLostAttempts: 100,
      });
      const random = new Random(20_261_124);
      const tasks = await stage.startApp();
      const acknowledged: string[] = [];
      const workers = [0, 1, 2].map(() => stage.startWorker());
      await Promise.all(workers.map((each) => each.ready));
      for (let kill = 0; kill < KILLS; kill += 1) {
        const batch = Array.from({ length: TASKS / KILLS }, (_, index) =>
          index % 5 === 0
            ? enqueue(tasks, 'wait', { ms: 30 })
            : index % 5 === 1
              ? enqueue(tasks, 'spawn', {})
              : enqueue(tasks, 'quick', {}),
        );
        acknowledged.push(...(await Promise.all(batch)).map(({ id }) => id));
        const victim = random.between(0, workers.length - 1);
        // Killed in the middle of an attempt.
        const held = await enqueue(tasks, 'wait', { ms: 50 });
        acknowledged.push(held.id);
        await stage.started(held.id);
        await workers[victim]!.kill();
        workers[victim] = stage.startWorker();
        await workers[victim].ready;
      }
      const spawned = stage.ledger.read().flatMap((entry) => (entry.event === 'acknowledged' ? [entry.task] : []));
      let lost = 0;
      for (const id of [...acknowledged, ...spawned]) {
        const task = await stage.ended(tasks, id);
        expect(task.state, id).toBe('completed');
        expect(
          task.attempts.filter(({ outcome }) => outcome === 'completed'),
          id,
        ).toHaveLength(1);
        lost += task.attempts.filter(({ outcome }) => outcome === 'lost').length;
      }
      // What lost means is that it was started: there is an entry for each.
      expect(lost).toBeGreaterThan(0);
    }, 180_000);

    it('one after the other by one task, fail it, and none of those that ran beside it each time', async () => {
      stage = new Stage(worker.file, {
        database: undefined,
        engine: { bullmq: await start() },
        lease: 1_000,
        maxLostAttempts: 3,
        workers: { work: 8 },
      });
      const tasks = await stage.startApp();
      const poison = await enqueue(tasks, 'die', {});
      const beside = await Promise.all(Array.from({ length: 7 }, () => enqueue(tasks, 'wait', { ms: 300 })));
      let only = stage.startWorker();
      const isOver = async (): Promise<boolean> => (await tasks.get(poison.id)).state === 'failed';
      await until(
        'the poison to have failed',
        async () => {
          if (only.hasEnded) only = stage.startWorker();
          return isOver();
        },
        { patience: 120_000 },
      );
      for (const { id } of beside) {
        expect(await stage.ended(tasks, id)).toMatchObject({ state: 'completed', error: null });
      }
      // In the same words as on any engine.
      expect((await tasks.get(poison.id)).error).toMatchObject({
        name: 'WorkerLostError',
        message: expect.stringContaining('That was attempt number 3 in a row to be lost'),
      });
      const starts = stage.ledger.read().filter((entry) => entry.event === 'start' && entry.task === poison.id);
      expect(starts).toHaveLength(3);
    }, 240_000);
  });
}
