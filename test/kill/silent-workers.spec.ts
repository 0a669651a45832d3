import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../support/until.js';
import { overlaps } from './support/ledger.js';
import { Stage, useWorker, enqueue } from './support/stage.js';

const worker = useWorker();

describe('a worker that is silent', () => {
  let stage: Stage;

  afterEach(() => stage?.remove());

  it('for longer than its lease changes nothing when it comes back, and works on under another id', async () => {
    stage = new Stage(worker.file, { lease: '2s' });
    const tasks = await stage.startApp();
    const frozen = stage.startWorker({ workers: { work: 1 } });
    await frozen.ready;
    const [before] = await tasks.workers();
    const { id } = await enqueue(tasks, 'wait', { ms: 1_500 });
    await stage.started(id);
    frozen.freeze();

    const other = stage.startWorker({ workers: { work: 1 } });
    await stage.started(id, 2);
    frozen.thaw();
    // The handler that was stopped half-way ends now, in vain, while another runs the task.
    await until('the end of the first attempt', () =>
      stage.ledger.read().some((entry) => entry.event === 'end' && entry.task === id && entry.attempt === 1),
    );
    await stage.printed(frozen, 'This process was silent for longer than its lease');
    const back = await until('the other id', async () =>
      (await tasks.workers()).find((one) => one.pid === frozen.pid && one.id !== before!.id),
    );
    const heir = (await tasks.workers()).find((one) => one.pid === other.pid)!;
    const done = await stage.ended(tasks, id);
    expect(done.attempts).toMatchObject([
      { attempt: 1, worker: before!.id, outcome: 'lost', error: { name: 'WorkerLostError' } },
      { attempt: 2, worker: heir.id, outcome: 'completed' },
    ]);
    expect(done.attempts).toHaveLength(2);
    expect(stage.faults()).toEqual([]);

    // With the other one gone, only the process that came back can run it.
    await other.kill();
    const next = await enqueue(tasks, 'quick', {});
    expect((await stage.ended(tasks, next.id)).attempts).toMatchObject([{ worker: back.id, outcome: 'completed' }]);
    expect(overlaps(stage.ledger.read())).toEqual([]);
  });

  it.skipIf(process.platform !== 'linux')(
    'in the middle of a commit is named to those whom it keeps waiting',
    async () => {
      stage = new Stage(worker.file, { lease: '1s' });
      const tasks = await stage.startApp();
      const [one, other] = [stage.startWorker(), stage.startWorker()];
      await Promise.all([one.ready, other.ready]);
      const note = join(`${stage.databaseFile}-workers`, 'writer');
      const isWriting = (): boolean => {
        const text = readFileSync(note, 'utf8');
        return text.startsWith('+') && text.includes(`"pid":${one.pid},`);
      };
      const many = Array.from({ length: 500 }, () => ({}));
      await until('it to be frozen while it writes', async () => {
        if ((stage.rowsByState().available ?? 0) < 500) await tasks.queueMany('work', 'quick', many);
        one.freeze();
        // The signal is on its way: until it has arrived, a commit may end.
        await until('it to stop', () => readFileSync(`/proc/${one.pid}/stat`, 'utf8').includes(') T '));
        if (isWriting()) return true;
        one.thaw();
        return false;
      });
      const waiting = enqueue(tasks, 'quick', {});
      await stage.printed(
        other,
        `process ${one.pid} on ${hostname()}, which is stopped (SIGSTOP, or a debugger), is in the middle`,
      );
      await stage.printed(other, `kill -CONT ${one.pid}`);
      one.thaw();
      await stage.ended(tasks, (await waiting).id);
    },
  );

  it('because its handler blocks the event loop for longer than the lease, runs it once', async () => {
    stage = new Stage(worker.file, { lease: '1.5s' });
    const tasks = await stage.startApp();
    const workers = [stage.startWorker(), stage.startWorker()];
    await Promise.all(workers.map((one) => one.ready));
    const { id } = await enqueue(tasks, 'block', { ms: 4_000 });
    const done = await stage.ended(tasks, id);
    expect(done).toMatchObject({ state: 'completed', attempt: 1 });
    expect(done.attempts).toMatchObject([{ attempt: 1, outcome: 'completed' }]);
    const starts = stage.ledger.read().filter((entry) => entry.event === 'start');
    expect(starts).toHaveLength(1);
    expect(await tasks.workers()).toHaveLength(2);
    expect(stage.faults()).toEqual([]);
  });
});

describe('a worker that is asked to shut down', () => {
  let stage: Stage;

  afterEach(() => stage?.remove());

  it('hands back at once what runs, and another process takes it up', async () => {
    // With a lease this long, nothing but a handing back gives the task to the other process in time.
    stage = new Stage(worker.file, { lease: '1h', shutdownGrace: '50ms' });
    const tasks = await stage.startApp();
    const first = stage.startWorker();
    await first.ready;
    const { id } = await enqueue(tasks, 'wait', { ms: 60_000 }, { maxRetries: 0 });
    await stage.started(id);
    const second = stage.startWorker();
    await second.ready;

    expect(await first.shutDown()).toBe('SIGTERM');
    await stage.started(id, 2);
    const running = await tasks.get(id);
    // The attempt that was handed back does not count: there is still the one that was granted.
    expect(running).toMatchObject({ state: 'running', attempt: 2, maxAttempts: 2 });
    expect(running.attempts).toMatchObject([
      { attempt: 1, outcome: 'released' },
      { attempt: 2, finishedAt: null },
    ]);
    expect(await tasks.workers()).toMatchObject([{ pid: second.pid }]);
  });

  it('lets what ends within the grace period end', async () => {
    stage = new Stage(worker.file, { shutdownGrace: '20s' });
    const tasks = await stage.startApp();
    const only = stage.startWorker({ workers: { work: 1 } });
    await only.ready;
    const running = await enqueue(tasks, 'wait', { ms: 500 });
    const waiting = await enqueue(tasks, 'quick', {});
    await stage.started(running.id);
    expect(await only.shutDown()).toBe('SIGTERM');
    expect(await tasks.get(running.id)).toMatchObject({ state: 'completed', attempt: 1 });
    expect(await tasks.get(waiting.id)).toMatchObject({ state: 'available', attempt: 0, attempts: [] });
    expect(stage.faults()).toEqual([]);
  });
});
