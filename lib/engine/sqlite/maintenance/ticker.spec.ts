import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EVERY_UNIT, MINUTE, MINUTELY, START } from '../../../../test/conformance/harness.js';
import { DutySite } from '../../../../test/support/duty-site.js';
import { until } from '../../../../test/support/until.js';
import type { Schedule } from '../../../contract/index.js';
import { getSchedule, saveSchedule, setSchedulePaused, type ScheduleRow } from '../sql/schedule-rows.js';
import type { Committed } from '../store/transaction.js';
import { Ticker } from './ticker.js';

const SCHEDULE: Schedule = { ...MINUTELY, params: '{"a":1}', priority: 3, maxAttempts: 2 };

describe('The cron ticker', () => {
  let site: DutySite;
  let ticker: Ticker;

  beforeEach(async () => {
    site = await DutySite.open();
  });
  afterEach(async () => {
    await ticker.stop();
    await site.close();
  });

  async function save(schedule: Partial<Schedule> = {}, nextRunAt = START + MINUTE): Promise<void> {
    await site.writer.write((transaction) => saveSchedule(transaction, { ...SCHEDULE, ...schedule }, nextRunAt));
    site.writes = 0;
  }

  /** Starts, with whatever is due. */
  async function start(overrides: Parameters<DutySite['context']>[0] = {}): Promise<void> {
    ticker = new Ticker(site.context(overrides), site.connection, site.writer);
    ticker.start();
    await ticker.rest();
  }

  async function at(time: number): Promise<void> {
    site.clock.set(time);
    await ticker.rest();
  }

  const scheduled = (name = 'minutely'): ScheduleRow => getSchedule(site.connection.database, name)!;
  const runs = (): unknown[] => {
    const all = site.connection.database.prepare(
      'SELECT queue, name, params, priority, run_at AS runAt, max_attempts AS maxAttempts FROM tasks_task ORDER BY seq',
    );
    return all.all();
  };
  const runAt = (time: number) => ({ ...run, runAt: time });
  const run = { queue: 'default', name: 'tick', params: '{"a":1}', priority: 3, maxAttempts: 2 };

  it('sleeps where there is no schedule, and until the first tick', async () => {
    await start();
    expect(site.writes).toBe(0);
    expect(site.clock.nextAt).toBeNull();
    await save();
    ticker.expect(START);
    await ticker.rest();
    expect(site.clock.nextAt).toBe(START + MINUTE);
    expect(site.writes).toBe(0);
  });

  it('enqueues the run of a tick when it is due, and goes on with the next', async () => {
    await save();
    await start();
    await at(START + MINUTE - 1);
    expect(runs()).toEqual([]);
    await at(START + MINUTE);
    expect(runs()).toEqual([runAt(START + MINUTE)]);
    expect(scheduled()).toMatchObject({ nextRunAt: START + 2 * MINUTE, lastRunAt: START + MINUTE });
    expect(scheduled().lastTaskIds).toHaveLength(1);
    expect(site.clock.nextAt).toBe(START + 2 * MINUTE);
  });

  it('makes up for what was missed as the schedule says', async () => {
    await save({ catchUp: 'all', name: 'all' });
    await save({ catchUp: 'once', name: 'once', queue: 'other' });
    site.clock.advance(3.5 * MINUTE);
    await start();
    expect(runs()).toEqual([
      ...[1, 2, 3].map((minute) => runAt(START + minute * MINUTE)),
      { ...runAt(START + 3 * MINUTE), queue: 'other' },
    ]);
    expect(scheduled('all').nextRunAt).toBe(START + 4 * MINUTE);
  });

  it('leaves out a tick while the run before is open, where they must not overlap, and tells watchers of the schedule', async () => {
    await save({ overlap: false });
    await start();
    await at(START + MINUTE);
    const told: string[][] = [];
    site.writer.listeners.add({ committed: ({ touched }: Committed) => void told.push([...touched.keys()]) });
    await at(START + 2 * MINUTE);
    expect(runs()).toHaveLength(1);
    expect(scheduled().nextRunAt).toBe(START + 3 * MINUTE);
    expect(told).toEqual([['default']]);
    site.connection.database.exec(`UPDATE tasks_task SET state = 'completed', finished_at = 1`);
    await at(START + 3 * MINUTE);
    expect(runs()).toEqual([runAt(START + MINUTE), runAt(START + 3 * MINUTE)]);
  });

  it('leaves out a tick while the run before waits for a process that knows its task', async () => {
    await save();
    await start();
    await at(START + MINUTE);
    site.connection.database.exec(`UPDATE tasks_task SET unhandled_since = 1`);
    await at(START + 2 * MINUTE);
    expect(runs()).toHaveLength(1);
    expect(scheduled()).toMatchObject({ nextRunAt: START + 3 * MINUTE, lastRunAt: START + MINUTE });
  });

  it('puts off for a minute what it cannot reckon, says so, and runs the others', async () => {
    await save({ name: 'odd', expression: 'of another version' });
    await save();
    const { nextRun } = site.context();
    const reckon: typeof nextRun = (schedule, after) => {
      if (schedule.expression !== EVERY_UNIT) throw new Error('no such field');
      return nextRun(schedule, after);
    };
    await start({ nextRun: reckon });
    await at(START + MINUTE + 5);
    expect(runs()).toEqual([runAt(START + MINUTE)]);
    expect(scheduled('odd')).toMatchObject({ nextRunAt: START + 2 * MINUTE + 5, lastTaskId: null, lastTaskIds: [] });
    expect(site.errors).toEqual(['Cron schedule "odd" cannot tick: no such field']);
  });

  it('passes over a schedule that is paused', async () => {
    await save();
    await site.writer.write((transaction) => setSchedulePaused(transaction, 'minutely', true, START + MINUTE));
    await start();
    await at(START + 5 * MINUTE);
    expect(runs()).toEqual([]);
  });

  it('wakes for what is planned anew, once its clock has been set back', async () => {
    site.clock.set(START + 60 * MINUTE);
    await save({}, START + 61 * MINUTE);
    await start();
    expect(site.clock.nextAt).toBe(START + 61 * MINUTE);
    site.clock.set(START + MINUTE / 2);
    await until('the new plan', () => site.clock.nextAt === START + MINUTE);
    await at(START + MINUTE);
    expect(runs()).toEqual([runAt(START + MINUTE)]);
  });

  it('does nothing any more when it has stopped', async () => {
    await save();
    await start();
    await ticker.stop();
    await at(START + 2 * MINUTE);
    expect(runs()).toEqual([]);
    expect(site.clock.nextAt).toBeNull();
  });
});
