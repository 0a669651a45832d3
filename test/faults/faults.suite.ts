import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { BullmqOptions } from '../../lib/engine/bullmq/index.js';
import { StoreError } from '../../lib/contract/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { enqueue, Stage, useWorker } from '../kill/support/stage.js';
import { TcpProxy } from '../support/servers/tcp-proxy.js';
import { until } from '../support/until.js';

/** A server with its data on disk. */
export interface FaultySite {
  readonly port: number;
  /** A store of its own for each test, reached through `port`. */
  engine(port: number): Promise<BullmqOptions>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  restart(): Promise<void>;
  remove(): Promise<void>;
}

/** Callers that enqueue at once. */
const CALLERS = 4;
/** An answer that takes longer has not come: well above what the library allows, well below for ever. */
const BOUND_MS = 60_000;
const SLOW = { timeout: 300_000 };

/** Worker processes and a producer that lose their server in every way, and go on. */
export function describeFaults(name: string, start: () => Promise<FaultySite>): void {
  describe(`an app whose ${name} fails`, () => {
    const worker = useWorker();
    let site: FaultySite;
    let proxy: TcpProxy;
    let stage: Stage;
    let tasks: TaskDispatcher;

    beforeAll(async () => {
      site = await start();
    });
    afterAll(() => site.remove());

    beforeEach(async () => {
      proxy = await TcpProxy.start(site.port);
      stage = new Stage(worker.file, {
        database: undefined,
        engine: { bullmq: await site.engine(proxy.port) },
        lease: 2_000,
        maxLostAttempts: 100,
        maxRetries: 1_000,
        queues: { work: {}, late: {} },
      });
      tasks = await stage.startApp();
      const workers = [0, 1].map(() => stage.startWorker({ workers: { work: 5, late: 1 } }));
      await Promise.all(workers.map(({ ready }) => ready));
    });

    afterEach(async () => {
      proxy.forward();
      await stage.remove();
      await proxy.close();
    });

    it('loses no task when all connections are cut, again and again', SLOW, async () => {
      const load = new Load(tasks);
      for (let cut = 0; cut < 5; cut += 1) {
        await load.acknowledges(40);
        proxy.dropAll();
      }
      await load.acknowledges(40);
      await check(await load.end());
    });

    it('works on a line that takes its time', SLOW, async () => {
      proxy.delay(100);
      const load = new Load(tasks);
      await load.acknowledges(20);
      proxy.dropAll();
      await load.acknowledges(20);
      proxy.delay(0);
      await check(await load.end());
    });

    it('answers a caller while the line is dead, and goes on without a restart when it is back', SLOW, async () => {
      const load = new Load(tasks);
      await load.acknowledges(40);
      proxy.swallow();
      await load.refuses(CALLERS);
      proxy.forward();
      await load.acknowledges(40);
      await check(await load.end());
      for (const refusal of load.refusals) expect(refusal).toContain(`${name} at ${proxy.host}:${proxy.port}`);
    });

    it('loses no task when the server is stopped or killed and restarted', SLOW, async () => {
      const load = new Load(tasks);
      for (const end of ['stop', 'kill'] as const) {
        await load.acknowledges(60);
        await site[end]();
        if (end === 'stop') await load.refuses(CALLERS);
        await site.restart();
      }
      await load.acknowledges(60);
      await check(await load.end());
    });

    it(
      'uses a queue that it first met while the server was away, and tells who began to watch then',
      SLOW,
      async () => {
        await site.stop();
        let told = false;
        onTestFinished(tasks.watch(({ queue }) => (told ||= queue === 'late')));
        await expect(tasks.queue('late', 'quick', {})).rejects.toThrow(StoreError);
        await expect(tasks.stats()).rejects.toThrow(StoreError);
        await site.restart();
        const task = await until('the store to be back', () => tasks.queue('late', 'quick', {}).catch(() => null));
        expect(await stage.ended(tasks, task.id)).toMatchObject({ state: 'completed' });
        told = false;
        await until('the watch to tell', async () => {
          await tasks.queue('late', 'quick', {});
          return told;
        });
      },
    );

    it('stops an attempt whose lease cannot be renewed, and has the task run again', SLOW, async () => {
      const { id } = await enqueue(tasks, 'wait', { ms: 600_000 });
      await stage.started(id);
      proxy.swallow();
      await until('the attempt to be stopped', () =>
        stage.ledger.read().some((entry) => entry.event === 'end' && entry.task === id),
      );
      proxy.forward();
      await stage.started(id, 2);
    });

    it('neither starts nor hangs without its server, and can be shut down', SLOW, async () => {
      proxy.swallow();
      const booted = withinBound(stage.startApp());
      const ends = Promise.all(stage.workers.map((each) => withinBound(each.shutDown())));
      await expect(booted).rejects.toThrow(StoreError);
      await expect(booted).rejects.toThrow(`${name} at ${proxy.host}:${proxy.port}`);
      expect(await ends).toEqual(['SIGTERM', 'SIGTERM']);
    });

    /** What was acknowledged has run, once; the processes that were there at first are there still. */
    async function check(acknowledged: readonly string[]): Promise<void> {
      const spawned = stage.ledger.read().flatMap((entry) => (entry.event === 'acknowledged' ? [entry.task] : []));
      for (const id of [...acknowledged, ...spawned]) {
        const task = await stage.ended(tasks, id);
        expect(task.state, JSON.stringify(task)).toBe('completed');
        expect(
          task.attempts.filter(({ outcome }) => outcome === 'completed'),
          id,
        ).toHaveLength(1);
      }
      expect(stage.workers.filter(({ hasEnded }) => hasEnded).map(({ output }) => output)).toEqual([]);
      expect(stage.faults()).toEqual([]);
    }
  });
}

/** Callers that enqueue one task after the other, and hear what becomes of each. */
class Load {
  private readonly acknowledged: string[] = [];
  /** What the callers were told whose calls were rejected. */
  readonly refusals: string[] = [];
  private over = false;
  private readonly callers: Array<Promise<void>>;

  constructor(private readonly tasks: TaskDispatcher) {
    this.callers = Array.from({ length: CALLERS }, () => this.call());
    for (const caller of this.callers) caller.catch(() => undefined);
  }

  /** Resolves when `count` more tasks were stored. */
  async acknowledges(count: number): Promise<void> {
    const wanted = this.acknowledged.length + count;
    await Promise.race([
      until(`${count} tasks to be stored`, () => this.acknowledged.length >= wanted, { patience: BOUND_MS }),
      this.fails(),
    ]);
  }

  /** Resolves when `count` more calls were rejected. */
  async refuses(count: number): Promise<void> {
    const wanted = this.refusals.length + count;
    await Promise.race([
      until(`${count} refusals`, () => this.refusals.length >= wanted, { patience: BOUND_MS }),
      this.fails(),
    ]);
  }

  /** Resolves to the ids of all that was stored. */
  async end(): Promise<readonly string[]> {
    this.over = true;
    await Promise.all(this.callers);
    return this.acknowledged;
  }

  private async fails(): Promise<never> {
    await Promise.all(this.callers);
    throw new Error('The load has ended.');
  }

  private async call(): Promise<void> {
    for (let at = 0; !this.over; at += 1) {
      try {
        const row = at % 4;
        const task =
          row === 0
            ? enqueue(this.tasks, 'wait', { ms: 20 })
            : row === 1
              ? enqueue(this.tasks, 'spawn', {})
              : enqueue(this.tasks, 'quick', {});
        this.acknowledged.push((await withinBound(task)).id);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        this.refusals.push(error.message);
      }
    }
  }
}

async function withinBound<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${BOUND_MS / 1_000} s`)), BOUND_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
