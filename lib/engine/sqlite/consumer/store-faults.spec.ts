import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { completed, contextWith, Deliveries, failed, newTask } from '../../../../test/conformance/harness.js';
import { until } from '../../../../test/support/until.js';
import { ManualClock } from '../../../clock/index.js';
import type { TaskEngine } from '../../port/index.js';
import { sqliteEngine } from '../sqlite-engine.js';
import { Connection } from '../store/connection.js';
import { Transaction } from '../store/transaction.js';

let folder: string;
let file: string;
let engine: TaskEngine;
const error = vi.fn<(message: string) => void>();

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tasks-faults-'));
  file = join(folder, 'tasks.db');
  error.mockClear();
  engine = sqliteEngine(
    { database: file, synchronous: 'normal', lease: 30_000, maxLostAttempts: 3 },
    contextWith(new ManualClock(Date.UTC(2027, 0, 1)), {
      logger: { log: () => undefined, warn: () => undefined, error },
    }),
  );
  await engine.open();
});

afterEach(async () => {
  vi.restoreAllMocks();
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

it('an attempt that ends while the store refuses everything is stored once it can be, however often it was refused', async () => {
  const deliveries = new Deliveries();
  await engine.delivering.consume('default', { concurrency: 2, priority: 0, rateLimit: null }, deliveries.run);
  await engine.enqueueing.enqueue([newTask({ now: () => 0 }), newTask({ now: () => 0 })]);
  const [first, second] = [await deliveries.next(), await deliveries.next()];
  renameSync(file, join(folder, 'away.db'));
  const refused = vi.spyOn(Connection.prototype, 'assertInPlace');
  first.end(completed);
  second.end(failed());
  // Together, and then each alone, again and again.
  await until('it to be refused again', () => refused.mock.calls.length >= 6, { patience: 60_000 });
  renameSync(join(folder, 'away.db'), file);
  await until('the ends', async () => {
    const states = [first, second].map(async ({ id }) => (await engine.inspecting.get(id))!.state);
    return (await Promise.all(states)).join() === 'completed,failed';
  });
  // Once for each.
  expect(error.mock.calls.filter(([message]) => message.includes('Cannot store how task'))).toHaveLength(2);
});

it('what a handler says while the store refuses everything is stored once it can be, in its order', async () => {
  const deliveries = new Deliveries();
  await engine.delivering.consume('default', { concurrency: 2, priority: 0, rateLimit: null }, deliveries.run);
  await engine.enqueueing.enqueue([newTask({ now: () => 0 }), newTask({ now: () => 0 })]);
  const [ends, goesOn] = [await deliveries.next(), await deliveries.next()];
  renameSync(file, join(folder, 'away.db'));
  for (const { delivery } of [ends, goesOn]) delivery.log('one');
  goesOn.delivery.progress({ percent: 10 });
  await until('it to be refused', () => error.mock.calls.some(([message]) => message.includes('Progress and logs')));
  for (const { delivery } of [ends, goesOn]) delivery.log('two');
  ends.end(completed);
  await until('the end to be refused', () =>
    error.mock.calls.some(([message]) => message.includes('Cannot store how')),
  );
  renameSync(join(folder, 'away.db'), file);
  for (const { id } of [ends, goesOn]) {
    await until(`what ${id} said`, async () => {
      const { logs } = (await engine.inspecting.get(id))!;
      return logs.map(({ message }) => message).join() === 'one,two';
    });
  }
  expect((await engine.inspecting.get(goesOn.id))!.progress).toMatchObject({ percent: 10 });
  goesOn.end(completed);
});

it('what a claim took in a transaction that could not commit is claimed again', async () => {
  const deliveries = new Deliveries();
  await engine.delivering.consume('default', { concurrency: 2, priority: 0, rateLimit: null }, deliveries.run);
  const moved = vi.spyOn(Transaction.prototype, 'moved');
  const { finish } = Transaction.prototype;
  let isSpoilt = false;
  vi.spyOn(Transaction.prototype, 'finish').mockImplementation(function (this: Transaction) {
    const claims = moved.mock.calls.some(([, from, to]) => from === 'available' && to === 'running');
    if (isSpoilt || !claims) return finish.call(this);
    isSpoilt = true;
    throw new Error('on purpose');
  });
  await engine.enqueueing.enqueue([newTask({ now: () => 0 })]);
  // In the batch of the claim, so that each of the two is tried by itself when they fail together.
  await engine.acting.pauseQueue('another');
  (await deliveries.next()).end(completed);
  expect(isSpoilt).toBe(true);
});
