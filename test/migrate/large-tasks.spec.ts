import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import Sqlite from 'better-sqlite3';
import { MOVED_AT_A_TIME, sizeOfStored } from '../../lib/engine/port/index.js';
import { movedTasks } from '../../lib/engine/sqlite/transfer/transfer-rows.js';
import { move } from '../../src/migrate/move.js';
import { openStore } from '../../src/migrate/open-store.js';
import { parseStoreAddress } from '../../src/migrate/store-address.js';
import { onTestEnd, tempDirectory } from '../module/support.js';
import { someTasks } from './support/some-tasks.js';
import { fill, opened, read } from './support/stored.js';

const MEBIBYTE = 1_024 ** 2;
const LEASE_MS = 1_000;

it('A move has some mebibytes of tasks in hand at a time, be it params or logs that are large', async () => {
  const folder = tempDirectory();
  const [from, to] = [join(folder, 'from.db'), join(folder, 'to.db')];
  const tasks = someTasks(40, Date.now()).map((task, index) => ({
    ...task,
    params: index < 20 ? JSON.stringify({ index, text: 'x'.repeat(MEBIBYTE) }) : task.params,
    logs: Array.from({ length: index < 20 ? 0 : 200 }, (_, at) => ({
      at: at + 1,
      attempt: 1,
      message: 'y'.repeat(5_000),
    })),
  }));
  await fill(from, tasks);

  const file = new Sqlite(from, { readonly: true });
  const sizes: number[] = [];
  for (let after = 0; ;) {
    const batch = movedTasks(file, after, 500);
    if (batch.tasks.length === 0) break;
    sizes.push(batch.tasks.reduce((sum, task) => sum + sizeOfStored(task), 0));
    after = batch.last;
  }
  file.close();

  const logger = { log: () => undefined, warn: () => undefined, error: () => undefined };
  const [source, target] = await Promise.all(
    [from, to].map((address) => openStore(parseStoreAddress(address, '--from'), LEASE_MS, logger)),
  );
  for (const { store } of [source!, target!]) onTestEnd(() => store.close());
  const stored = vi.spyOn(target!.store, 'importTasks');
  const output = { progress: () => undefined, compared: () => undefined };
  expect(await move(source!, target!, { id: 'the-move', lease: LEASE_MS }, output)).toBe(0);
  for (const [batch] of stored.mock.calls) sizes.push(batch.reduce((sum, task) => sum + sizeOfStored(task), 0));

  expect(Math.max(...sizes)).toBeLessThan(MOVED_AT_A_TIME + 2 * MEBIBYTE);
  const arrived = await read(await opened(to));
  expect(arrived.map(({ id, params, logs }) => [id, params.length, logs.length])).toEqual(
    tasks.map(({ id, params, logs }) => [id, params.length, logs.length]),
  );
});
