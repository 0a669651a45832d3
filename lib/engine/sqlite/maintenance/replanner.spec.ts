import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { contextWith, EVERY_UNIT, MINUTE, START } from '../../../../test/conformance/harness.js';
import { until } from '../../../../test/support/until.js';
import { ManualClock } from '../../../clock/index.js';
import { openConnection } from '../store/open-connection.js';
import { Writer } from '../store/writer.js';
import { getSchedule, saveSchedule } from '../sql/schedule-rows.js';
import { Replanner } from './replanner.js';
import { Ticker } from './ticker.js';

const SCHEDULE = {
  name: 'minutely',
  expression: EVERY_UNIT,
  timeZone: null,
  utcOffset: null,
  queue: 'default',
  task: 'tick',
  params: '{}',
  priority: 0,
  maxAttempts: 1,
  settings: null,
  catchUp: 'once',
  threshold: null,
  overlap: true,
  disabled: false,
  source: 'code',
} as const;

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'tasks-replanner-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('finds by itself that a process which has ended was ahead, after two ticks at the most', async () => {
  const connection = await openConnection(join(folder, 'tasks.db'), 'normal');
  const context = contextWith(new ManualClock(START));
  const writer = new Writer(connection, null, context.logger, 10_000);
  const nextRunAt = () => getSchedule(connection.database, 'minutely')!.nextRunAt!;
  await writer.write((transaction) => saveSchedule(transaction, SCHEDULE, START + MINUTE));

  const ahead = new Ticker(contextWith(new ManualClock(START + 10.5 * MINUTE)), connection, writer);
  ahead.start();
  await until('the tick that comes too soon', () => nextRunAt() === START + 11 * MINUTE);
  await ahead.stop();

  const clock = new ManualClock(START + MINUTE / 2);
  let replanned = 0;
  const looks: number[] = [];
  const replanner = new Replanner({ ...context, clock }, connection, writer, () => (replanned += 1), 1);
  const read = connection.read.bind(connection);
  connection.read = (query) => {
    looks.push(clock.now());
    return read(query);
  };
  replanner.start();
  await until('a look', () => looks.length > 1);
  expect(replanned).toBe(0);
  clock.set(START + 2 * MINUTE);
  await until('the next tick to be planned', () => replanned === 1);
  expect(nextRunAt()).toBe(START + 3 * MINUTE);
  await replanner.stop();
  await writer.close();
  await connection.close();
});
