import 'reflect-metadata';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { InvalidParamsError, TaskHandler } from '../../lib/index.js';
import { bootApp, dispatcherOf, ended } from './support.js';

const Booking = z.object({
  to: z.email(),
  seats: z.number().int().min(1).default(1),
  at: z.coerce.date(),
  stops: z.array(z.object({ code: z.string().length(3) })).optional(),
});
const Refund = v.pipeAsync(
  v.object({ order: v.string() }),
  v.checkAsync(async ({ order }) => order !== 'gone', 'There is no such order'),
);

@TaskHandler('book', { params: Booking })
class BookHandler {
  readonly handled: unknown[] = [];
  handle(params: z.output<typeof Booking>): void {
    this.handled.push(params);
  }
}

class Refunds {
  readonly orders: string[] = [];
  @TaskHandler('refund', { params: Refund })
  refund({ order }: { order: string }): void {
    this.orders.push(order);
  }
}

const boot = () => bootApp({ providers: [BookHandler, Refunds] });

describe('A schema of another library as params', () => {
  it('has the handler get its output, and the store keep its input', async () => {
    const app = await boot();
    const tasks = dispatcherOf(app);
    const { id } = await tasks.queue('default', 'book', { to: 'ann@example.com', at: '2027-01-02T03:04:05Z' });
    const task = await ended(tasks, id);
    expect(task).toMatchObject({ state: 'completed', params: { to: 'ann@example.com', at: '2027-01-02T03:04:05Z' } });
    expect(app.get(BookHandler).handled).toEqual([
      { to: 'ann@example.com', seats: 1, at: new Date('2027-01-02T03:04:05Z') },
    ]);
  });

  it('refuses what it does not take, with the path, and stores nothing', async () => {
    const tasks = dispatcherOf(await boot());
    const queued = tasks.queue('default', 'book', {
      to: 'nobody',
      at: '2027-01-02',
      stops: [{ code: 'LON' }, { code: '?' }],
    });
    const error: unknown = await queued.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidParamsError);
    expect((error as InvalidParamsError).problems.map(({ path }) => path)).toEqual(['to', 'stops[1].code']);
    expect((await tasks.list()).items).toEqual([]);
  });

  it('may take its time', async () => {
    const app = await boot();
    const tasks = dispatcherOf(app);
    await expect(tasks.queue('default', 'refund', { order: 'gone' })).rejects.toThrow(/There is no such order/);
    const many = await tasks.queueMany('default', 'refund', [{ order: 'a' }, { order: 'b' }]);
    for (const { id } of many) await ended(tasks, id);
    expect(app.get(Refunds).orders).toEqual(['a', 'b']);
  });

  it('is named by its task, as it has no class', async () => {
    const tasks = dispatcherOf(await boot());
    await expect(tasks.queue('default', { order: 'a' })).rejects.toThrow(/Give the task's name before its params/);
  });
});
