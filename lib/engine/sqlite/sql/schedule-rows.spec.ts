import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, failed, MINUTE, MINUTELY, START } from '../../../../test/conformance/harness.js';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import type { Schedule } from '../../../contract/index.js';
import { NO_TICKS, type TickRecord } from '../../common/index.js';
import {
  allSchedules,
  deleteSchedule,
  dueSchedules,
  getSchedule,
  laterSchedules,
  nextTick,
  noteTrigger,
  planSchedule,
  runIsOpen,
  runIsUnhandled,
  saveSchedule,
  setSchedulePaused,
  takeTick,
} from './schedule-rows.js';

const FULL: Schedule = {
  ...MINUTELY,
  name: 'full',
  timeZone: 'Europe/Berlin',
  utcOffset: 60,
  queue: 'mail',
  priority: 4,
  settings: '{"a":1}',
  catchUp: 'all',
  threshold: 5,
  overlap: false,
  disabled: true,
  source: 'runtime',
  traits: { tags: { a: '1' } },
};
const FRESH = { paused: false, nextRunAt: START, lastRunAt: null, lastTaskId: null, lastTaskIds: [] };

describe('A schedule', () => {
  let site: QuietStore;

  beforeEach(async () => void (site = await QuietStore.open()));
  afterEach(() => site.close());

  const save = (schedule: Schedule, nextRunAt: number | null = START) =>
    site.write((transaction) => saveSchedule(transaction, schedule, nextRunAt));
  const get = (name = 'minutely') => getSchedule(site.database, name)!;
  const take = (at: number | null, runs: Array<{ id: string; runAt: number }>, record: TickRecord = NO_TICKS) =>
    site.write((transaction) => takeTick(transaction, get(), at, runs, record));

  it('is kept as it was declared, with what its runs have left of it', () => {
    save(MINUTELY);
    expect(site.last.touched).toEqual(new Map([['default', []]]));
    save(FULL, null);
    expect(site.last.touched).toEqual(new Map([['mail', []]]));
    expect(allSchedules(site.database)).toEqual([
      { ...FULL, ...FRESH, nextRunAt: null },
      { ...MINUTELY, ...FRESH },
    ]);
    expect(get()).toEqual({ ...MINUTELY, ...FRESH, record: { until: null, passedOver: [] } });
    expect(getSchedule(site.database, 'none')).toBeNull();
    expect(site.write((transaction) => deleteSchedule(transaction, 'full'))).toBe(true);
    expect(site.last.touched).toEqual(new Map([['mail', []]]));
    expect(site.write((transaction) => deleteSchedule(transaction, 'full'))).toBe(false);
    expect(site.last.touched).toEqual(new Map());
    expect(allSchedules(site.database)).toHaveLength(1);
  });

  it('is paused and resumed', () => {
    save(MINUTELY);
    const pause = (name: string, paused: boolean, next: number | null) =>
      site.write((transaction) => setSchedulePaused(transaction, name, paused, next));
    expect(pause('none', true, null)).toBe(false);
    expect(site.last.touched).toEqual(new Map());
    expect(pause('minutely', true, null)).toBe(true);
    expect(site.last.touched).toEqual(new Map([['default', []]]));
    expect(get()).toMatchObject({ paused: true, nextRunAt: null });
    expect(pause('minutely', false, START + MINUTE)).toBe(true);
    expect(get()).toMatchObject({ paused: false, nextRunAt: START + MINUTE });
  });

  it('ticks once for each tick, and remembers its runs, the newest first', () => {
    save(MINUTELY);
    const runs = [
      { id: 'a', runAt: START },
      { id: 'b', runAt: START + MINUTE },
    ];
    const before = get();
    expect(take(START + 2 * MINUTE, runs, { until: START + MINUTE + 1, passedOver: [[START, START + 5]] })).toBe(true);
    const after = { lastRunAt: START + MINUTE, lastTaskId: 'b', lastTaskIds: ['b', 'a'] };
    const record = { until: START + MINUTE + 1, passedOver: [[START, START + 5]] };
    expect(get()).toMatchObject({ ...after, nextRunAt: START + 2 * MINUTE, record });
    const twice = site.write((transaction) => takeTick(transaction, before, START + 9 * MINUTE, [], NO_TICKS));
    expect(twice).toBe(false);
    expect(get().nextRunAt).toBe(START + 2 * MINUTE);
    // A tick without a run leaves the last one as it was.
    expect(take(null, [], { until: START + 2 * MINUTE, passedOver: [] })).toBe(true);
    expect(get()).toMatchObject({ ...after, nextRunAt: null, record: { until: START + 2 * MINUTE, passedOver: [] } });
    expect(site.find('SELECT passed_over FROM tasks_schedule')).toEqual([{ passed_over: null }]);
    site.write((transaction) => noteTrigger(transaction, get(), START + 7, 'c'));
    expect(get()).toMatchObject({ lastRunAt: START + 7, lastTaskId: 'c', lastTaskIds: ['c', 'b', 'a'] });
  });

  it('is found by when it is due', () => {
    expect(nextTick(site.database)).toBeNull();
    save(MINUTELY, START + MINUTE);
    save({ ...MINUTELY, name: 'sooner' }, START);
    const names = (found: ReadonlyArray<{ readonly name: string }>) => found.map(({ name }) => name);
    expect(nextTick(site.database)).toBe(START);
    expect(names(dueSchedules(site.database, START - 1))).toEqual([]);
    expect(names(dueSchedules(site.database, START))).toEqual(['sooner']);
    expect(dueSchedules(site.database, START + MINUTE).map(({ name, record }) => [name, record])).toEqual([
      ['sooner', NO_TICKS],
      ['minutely', NO_TICKS],
    ]);
    expect(names(laterSchedules(site.database, START, true))).toEqual(['minutely']);
    expect(laterSchedules(site.database, START, false)).toEqual([]);
    take(START + 2 * MINUTE, [], { until: START, passedOver: [[1, 2]] });
    expect(laterSchedules(site.database, START, false)).toMatchObject([{ name: 'minutely', record: { until: START } }]);
    const plan = (at: number, tick: number) =>
      site.write((transaction) => planSchedule(transaction, { ...get(), nextRunAt: at }, tick));
    expect(plan(START, START + 5)).toBe(false);
    expect(plan(START + 2 * MINUTE, START + 5)).toBe(true);
    expect(get().nextRunAt).toBe(START + 5);
  });

  it('has a run that has not ended, in whichever queue', () => {
    const open = () => runIsOpen(site.database, { task: 'tick' });
    site.add({ name: 'other' });
    expect(open()).toBe(false);
    site.add({ name: 'tick', queue: 'mail' });
    expect(open()).toBe(true);
    const [claimed] = site.claim({ queue: 'mail' });
    expect(open()).toBe(true);
    site.end(claimed!, completed);
    expect(open()).toBe(false);
    site.add({ name: 'tick', queue: 'mail', runAt: START + MINUTE });
    expect(open()).toBe(true);
  });

  it('has a run that waits for a process which knows its task, until code declares it anew', () => {
    const unhandled = (lastTaskId: string | null, source: 'code' | 'runtime' = 'code') =>
      runIsUnhandled(site.database, { lastTaskId, source });
    expect(unhandled(null)).toBe(false);
    const [task] = site.store({ name: 'tick' });
    save(MINUTELY);
    take(START + MINUTE, [{ id: task!.id, runAt: START }]);
    expect(unhandled(task!.id)).toBe(false);
    site.run('UPDATE tasks_task SET unhandled_since = ?', START);
    expect(unhandled(task!.id)).toBe(true);
    expect(unhandled(task!.id, 'runtime')).toBe(true);
    const [claimed] = site.claim();
    site.end(claimed!, { ...failed(), error: { name: 'UnknownTaskNameError', message: '' } } as never);
    site.run('UPDATE tasks_task SET unhandled_since = ?', START);
    expect(unhandled(task!.id)).toBe(true);
    expect(unhandled(task!.id, 'runtime')).toBe(false);
    save({ ...MINUTELY, source: 'runtime' });
    expect(unhandled(task!.id)).toBe(true);
    save(MINUTELY);
    expect(unhandled(task!.id)).toBe(false);
  });
});
