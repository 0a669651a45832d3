import 'reflect-metadata';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InvalidArgumentError, RateLimited, TasksConfigError } from '../../lib/contract/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import { until } from '../support/until.js';
import { bootApp, dispatcherOf, ended, tempDirectory } from './support.js';

const SPAN_MS = 300;
const starts: number[] = [];

class Payments {
  @TaskHandler('charge', { queue: 'payments', limit: 'stripe' })
  charge(): void {
    starts.push(Date.now());
  }

  @TaskHandler('refund', { queue: 'refunds', limit: 'stripe' })
  refund(): void {
    starts.push(Date.now());
  }
}

class Mail {
  readonly calls: number[] = [];

  @TaskHandler('send', { queue: 'mails', maxRetries: 0 })
  send(): void {
    this.calls.push(Date.now());
    if (this.calls.length === 1) throw new RateLimited(SPAN_MS);
  }
}

class Blocked {
  readonly begun: number[] = [];
  release: () => void = () => undefined;
  private readonly waiting = new Promise<void>((resolve) => (this.release = resolve));

  @TaskHandler('block', { queue: 'blocked' })
  async block(): Promise<void> {
    this.begun.push(Date.now());
    await this.waiting;
  }
}

class Misspelt {
  @TaskHandler('charge', { limit: 'strip' })
  charge(): void {}
}

/** The most in any span of the length, over every pair of starts. */
function mostInASpan(times: readonly number[], per: number): number {
  return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + per).length));
}

describe('rate limits', () => {
  it('are shared by the handlers that name one, and are exact in every span, with the engine in its thread', async () => {
    starts.length = 0;
    const app = await bootApp({
      tasks: { database: join(tempDirectory(), 'tasks.db'), limits: { stripe: `3/${SPAN_MS}ms` } },
      providers: [Payments],
    });
    const tasks = dispatcherOf(app);
    const charges = await tasks.queueMany(
      'payments',
      'charge',
      Array.from({ length: 6 }, () => ({})),
    );
    const refunds = await tasks.queueMany(
      'refunds',
      'refund',
      Array.from({ length: 5 }, () => ({})),
    );
    for (const { id } of [...charges, ...refunds]) expect((await ended(tasks, id)).state).toBe('completed');
    expect(starts).toHaveLength(11);
    expect(mostInASpan(starts, SPAN_MS)).toBeLessThanOrEqual(3);
    expect(await tasks.limits()).toMatchObject([{ name: 'stripe', kind: 'shared', max: 3, per: SPAN_MS, waiting: 0 }]);
  });

  it('close a queue where a handler was told to wait, and count no attempt', async () => {
    const app = await bootApp({
      tasks: { database: join(tempDirectory(), 'tasks.db'), workers: { mails: 1 } },
      providers: [Mail],
    });
    const tasks = dispatcherOf(app);
    const mails = await tasks.queueMany('mails', 'send', [{}, {}, {}]);
    const done = await Promise.all(mails.map(({ id }) => ended(tasks, id)));
    expect(done.map(({ state }) => state)).toEqual(['completed', 'completed', 'completed']);
    const { calls } = app.get(Mail);
    expect(calls).toHaveLength(4);
    expect(calls[1]! - calls[0]!).toBeGreaterThanOrEqual(SPAN_MS - 1);
    const snoozed = done.find(({ attempts }) => attempts.length === 2)!;
    expect(snoozed.attempts.map(({ outcome }) => outcome)).toEqual(['snoozed', 'completed']);
  });

  it('may be set for a queue at run time', async () => {
    const app = await bootApp({ providers: [Payments], tasks: { limits: { stripe: '1000/s' } } });
    const tasks = dispatcherOf(app);
    const shown = async () => (await tasks.stats()).find(({ queue }) => queue === 'payments')!.rateLimit;
    expect(await shown()).toBeNull();
    await tasks.setQueue('payments', { rateLimit: '1/h' });
    expect(await shown()).toEqual({ max: 1, per: 3_600_000 });
    const [first, second] = await tasks.queueMany('payments', 'charge', [{}, {}]);
    await ended(tasks, first!.id);
    expect((await tasks.limits()).find(({ kind }) => kind === 'queue')).toMatchObject({
      name: 'payments',
      max: 1,
      used: 1,
    });
    expect((await tasks.get(second!.id)).state).toBe('available');
    await tasks.setQueue('payments', { rateLimit: null });
    expect(await shown()).toBeNull();
    await ended(tasks, second!.id);
    await expect(tasks.setQueue('payments', { rateLimit: 'often' })).rejects.toThrow(InvalidArgumentError);
  });

  it('leave the workers of each process to be set at run time, over what its options say', async () => {
    const database = join(tempDirectory(), 'tasks.db');
    const working = await bootApp({ providers: [Blocked], tasks: { database, workers: { blocked: 1 } } });
    const other = await bootApp({ providers: [Blocked], tasks: { database, workers: false } });
    const tasks = dispatcherOf(other);
    const queued = await tasks.queueMany('blocked', 'block', [{}, {}, {}, {}]);
    const blocked = working.get(Blocked);
    const { begun } = blocked;
    await until('the first to run', () => begun.length === 1);
    await tasks.setQueue('blocked', { concurrency: 3 });
    await until('three to run', () => begun.length === 3);
    const stats = async (of = tasks) => (await of.stats()).find(({ queue }) => queue === 'blocked')!;
    await until('their process to say so', async () => (await stats()).workers === 3);
    expect([await stats(dispatcherOf(working)), await stats()].map((each) => each.concurrency)).toEqual([3, 0]);
    await tasks.setQueue('blocked', { concurrency: null });
    await until('it to go by its options again', async () => (await stats()).workers === 1);
    expect((await stats(dispatcherOf(working))).concurrency).toBe(1);
    blocked.release();
    for (const { id } of queued) await ended(tasks, id);
    await expect(tasks.setQueue('blocked', { concurrency: 0 })).rejects.toThrow('concurrency must be');
  });

  it('stop the boot where a handler names one that there is not', async () => {
    await expect(bootApp({ providers: [Misspelt], tasks: { limits: { stripe: '1/s' } } })).rejects.toThrow(
      /"limit" must be one of the option "limits".*"stripe"/s,
    );
    await expect(bootApp({ providers: [Misspelt] })).rejects.toThrow(TasksConfigError);
  });
});

describe('pause(selector)', () => {
  it('keeps some tasks waiting until the same is resumed, and refuses what is none', async () => {
    const app = await bootApp({ providers: [Payments], tasks: { limits: { stripe: '1000/s' } } });
    const tasks = dispatcherOf(app);
    await tasks.pause({ name: 'charge' });
    const waits = await tasks.queue('payments', 'charge', {});
    const runs = await tasks.queue('refunds', 'refund', {});
    await ended(tasks, runs.id);
    expect((await tasks.get(waits.id)).state).toBe('available');
    expect(await tasks.pauses()).toMatchObject([{ selector: { name: 'charge' } }]);
    await tasks.resume({ name: 'charge' });
    await ended(tasks, waits.id);

    for (const wrong of [{}, { name: 'a', queue: 'default' }, { key: '1' }, { tag: {} }, { nam: 'charge' }, 'charge']) {
      await expect(tasks.pause(wrong as never), JSON.stringify(wrong)).rejects.toThrow(InvalidArgumentError);
    }
  });
});
