import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { contextWith, MINUTE, MINUTELY, START } from '../../../../test/conformance/harness.js';
import { DutySite } from '../../../../test/support/duty-site.js';
import { until } from '../../../../test/support/until.js';
import { ManualClock } from '../../../clock/index.js';
import { openConnection } from '../store/open-connection.js';
import { Writer } from '../store/writer.js';
import { getSchedule, saveSchedule } from '../sql/schedule-rows.js';
import { Replanner } from './replanner.js';
import { Ticker } from './ticker.js';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'tasks-replanner-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('finds by itself that a process which has ended was ahead, after two ticks at the most', async () => {
  const connection = await openConnection(join(folder, 'tasks.db'), 'normal');
  const context = contextWith(new ManualClock(START));
  const writer = new Writer(connection, null, context.logger, 10_000);
  const nextRunAt = () => getSchedule(connection.database, 'minutely')!.nextRunAt!;
  await writer.write((transaction) => saveSchedule(transaction, MINUTELY, START + MINUTE));

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

describe('A replanner', () => {
  let site: DutySite;
  let planned: number;
  let replanner: Replanner;

  beforeEach(async () => {
    site = await DutySite.open();
    planned = 0;
  });
  afterEach(async () => {
    await replanner.stop();
    await site.close();
  });

  /** Looks for itself every millisecond, or only when the clock is set back. */
  function start(lookEvery: number): void {
    replanner = new Replanner(site.context(), site.connection, site.writer, () => (planned += 1), lookEvery);
    replanner.start();
  }

  const plan = (nextRunAt: number, name = 'minutely') =>
    site.writer.write((transaction) => saveSchedule(transaction, { ...MINUTELY, name }, nextRunAt));
  const nextRunAt = (name = 'minutely') => getSchedule(site.connection.database, name)!.nextRunAt;

  /** So many more looks. */
  async function moreLooks(many: number): Promise<void> {
    const { connection } = site;
    const read = connection.read.bind(connection);
    let left = many;
    connection.read = (query) => {
      left -= 1;
      return read(query);
    };
    await until('more looks', () => left <= 0);
    connection.read = read;
  }

  it('plans anew at once what its own clock, which was ahead, has planned', async () => {
    site.clock.set(START + 60 * MINUTE);
    await plan(START + 61 * MINUTE);
    await plan(START + MINUTE, 'soon');
    start(1_000_000);
    site.clock.set(START + MINUTE / 2);
    await until('the plan', () => planned > 0);
    expect(nextRunAt()).toBe(START + MINUTE);
    expect(nextRunAt('soon')).toBe(START + MINUTE);
    expect(planned).toBe(1);
  });

  it('leaves to other clocks what they plan later, once its own was set back and all is planned anew', async () => {
    site.clock.set(START + 60 * MINUTE);
    await plan(START + 61 * MINUTE);
    start(1);
    site.clock.set(START + MINUTE / 2);
    await until('the plan', () => planned > 0);
    await plan(START + 61 * MINUTE, 'of another');
    await moreLooks(3);
    expect(nextRunAt('of another')).toBe(START + 61 * MINUTE);
    expect(planned).toBe(1);
  });

  it('does not forget that its clock was set back while it looked', async () => {
    const { clock, connection } = site;
    clock.set(START + 60 * MINUTE);
    await plan(START + 61 * MINUTE);
    const read = connection.read.bind(connection);
    let goOn: (() => void) | undefined;
    connection.read = async (query) => {
      connection.read = read;
      await new Promise<void>((resolve) => (goOn = resolve));
      return read(query);
    };
    start(1);
    await until('a look', () => goOn);
    clock.set(START + MINUTE / 2);
    const asked = vi.spyOn(clock, 'now');
    await until('the look at the clock', () => asked.mock.calls.length > 0);
    goOn!();
    await until('the plan', () => planned > 0);
    expect(nextRunAt()).toBe(START + MINUTE);
  });

  it('leaves a plan whose tick comes before it has its turn to write', async () => {
    const { clock, writer } = site;
    clock.set(START + 60 * MINUTE);
    await plan(START + 61 * MINUTE);
    const write = writer.write.bind(writer);
    writer.write = (operation) => {
      clock.set(START + 61 * MINUTE);
      return write(operation);
    };
    start(1_000_000);
    clock.set(START + MINUTE / 2);
    await until('the write', () => planned > 0);
    expect(nextRunAt()).toBe(START + 61 * MINUTE);
  });

  it('is started once, however often it is told to', () => {
    start(1_000_000);
    // Whoever watches a clock looks at it first.
    const asked = vi.spyOn(site.clock, 'now');
    replanner.start();
    expect(asked).not.toHaveBeenCalled();
  });

  it('tells of what it cannot do, and looks again', async () => {
    const { connection } = site;
    const read = connection.read.bind(connection);
    let fails = true;
    let looks = 0;
    connection.read = (query) => {
      looks += 1;
      return fails ? Promise.reject(new Error('the disk is away')) : read(query);
    };
    start(1);
    await until('a word', () => site.errors.length > 1);
    expect(new Set(site.errors)).toEqual(new Set(['Cron schedules cannot be planned: the disk is away']));
    fails = false;
    const before = looks;
    await until('more looks', () => looks > before + 2);
    expect(planned).toBe(0);
  });

  it('looks once at a time, and no more when it has stopped', async () => {
    const { connection } = site;
    const read = connection.read.bind(connection);
    let [under, most, looks] = [0, 0, 0];
    connection.read = async (query) => {
      looks += 1;
      most = Math.max(most, (under += 1));
      await sleep(5);
      under -= 1;
      return read(query);
    };
    start(1);
    replanner.start();
    await until('some looks', () => looks > 3);
    await replanner.stop();
    expect([most, under]).toEqual([1, 0]);
    const after = looks;
    await sleep(20);
    expect(looks).toBe(after);
  });
});
