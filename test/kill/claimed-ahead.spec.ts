import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../support/until.js';
import { enqueue, Stage, useWorker } from './support/stage.js';

describe('What was claimed ahead', () => {
  const worker = useWorker();
  let stage: Stage;

  afterEach(() => stage.remove());

  it.each([1, 5])(
    'comes back unharmed where a task before it ends its process again and again: %i at once',
    async (work) => {
      stage = new Stage(worker.file, { maxLostAttempts: 3 });
      const tasks = await stage.startApp();
      const quick = async (count: number) =>
        (
          await tasks.queueMany<string>(
            'work',
            'quick',
            Array.from({ length: count }, () => ({})),
          )
        ).map(({ id }) => id);
      const before = await quick(400);
      const poison = await enqueue(tasks, 'die', {});
      const innocent = [...before, ...(await quick(800))];
      for (let processes = 0; processes < 3; processes += 1) {
        const one = stage.startWorker({ workers: { work } });
        await until('its end', () => one.hasEnded, { patience: 60_000 });
      }
      stage.startWorker({ workers: { work } });
      expect(await stage.ended(tasks, poison.id)).toMatchObject({
        state: 'failed',
        error: { name: 'WorkerLostError' },
      });
      await until('the end of all', () => stage.rowsByState().completed === innocent.length, { patience: 60_000 });

      const begun = new Set(
        stage.ledger.read().flatMap((entry) => (entry.event === 'start' ? [`${entry.task} ${entry.attempt}`] : [])),
      );
      const uncalled = [...stage.attemptsByTask()].flatMap(([id, attempts]) =>
        attempts
          .filter(({ attempt }) => !begun.has(`${id} ${attempt}`))
          .map(({ attempt, outcome }) => ({ id, attempt, outcome })),
      );
      expect(uncalled).toEqual([]);
    },
    240_000,
  );

  it('does not fill the memory of a small process, however large the params', async () => {
    stage = new Stage(worker.file);
    const tasks = await stage.startApp();
    const text = 'x'.repeat(1024 * 1024 - 100);
    for (let part = 0; part < 30; part += 1) {
      await tasks.queueMany<string>(
        'work',
        'quick',
        Array.from({ length: 10 }, () => ({ text })),
      );
    }
    const one = stage.startWorker({ workers: { work: 2 } }, { heapMb: 64 });
    await until('the end of all, or its own', () => one.hasEnded || stage.rowsByState().completed === 300, {
      patience: 120_000,
    });
    expect(one.output).not.toContain('heap out of memory');
    expect(one.hasEnded).toBe(false);
    const attempts = [...stage.attemptsByTask().values()];
    expect(attempts.every((each) => each.length === 1 && each[0]!.outcome === 'completed')).toBe(true);
  }, 240_000);

  it('does not begin once a pause of its queue has resolved, in whichever process', async () => {
    stage = new Stage(worker.file);
    const tasks = await stage.startApp();
    const workers = [stage.startWorker({ workers: { work: 2 } }), stage.startWorker({ workers: { work: 2 } })];
    await Promise.all(workers.map((one) => one.ready));
    const filling = { on: true };
    const filled = (async () => {
      while (filling.on) {
        await tasks.queueMany<string>(
          'work',
          'quick',
          Array.from({ length: 200 }, () => ({})),
        );
      }
    })();
    const started = () => stage.ledger.read().filter(({ event }) => event === 'start').length;
    for (let pause = 1; pause <= 5; pause += 1) {
      const so = started();
      await until('work', () => started() > so + 100);
      await tasks.pauseQueue('work');
      const paused = started();
      // Time in which they would begin, and commits that they would see.
      await until('more to wait', async () => (await enqueue(tasks, 'quick', {})) && true);
      for (let commit = 0; commit < 20; commit += 1) await enqueue(tasks, 'quick', {});
      expect(started(), `after pause ${pause}`).toBe(paused);
      await tasks.resumeQueue('work');
    }
    filling.on = false;
    await filled;
  }, 240_000);
});
