import { describe, expect, it } from 'vitest';
import type { Schedule } from '../../../contract/index.js';
import { nextRun } from '../../../cron/index.js';
import { NO_TICKS, type TickRecord } from '../../common/index.js';
import type { NewTask } from '../../port/index.js';
import { ScheduleTicker, type TickerParts } from './schedule-ticker.js';

const EVERY_SECOND: Schedule = {
  name: 'every_second',
  expression: '* * * * * *',
  timeZone: 'UTC',
  utcOffset: null,
  queue: 'default',
  task: 'work',
  params: '{}',
  priority: 0,
  maxAttempts: 1,
  settings: null,
  catchUp: 'all',
  threshold: null,
  overlap: true,
  disabled: false,
  source: 'code',
};

/** A ticker whose tasks are noted here, in the parts in which they came. */
function site() {
  const parts: NewTask[][] = [];
  let record = NO_TICKS;
  const schedules = {
    isPaused: async () => false,
    runs: async () => [],
    record: async () => record,
    noteRuns: async (_name: string, _runs: unknown, noted: TickRecord) => void (record = noted),
  };
  const set = { queue: () => ({ getJob: async () => undefined }) };
  const ticker = new ScheduleTicker(
    { logger: { log: () => undefined, warn: () => undefined, error: () => undefined }, nextRun },
    { set, schedules, enqueue: async (tasks: NewTask[]) => void parts.push(tasks) } as unknown as TickerParts,
  );
  return { ticker, parts, lastTick: () => record.until! - 1 };
}

describe('Ticks that were missed', () => {
  it('are made up for a part after the other, each once and in order, so that others have their turn', async () => {
    const { ticker, parts, lastTick } = site();
    const first = Math.floor(Date.now() / 1_000 - 1_800) * 1_000;
    await ticker.run(EVERY_SECOND, first);
    const ticks = parts.flat().map(({ runAt }) => runAt);
    expect(ticks).toEqual(ticks.map((_, at) => first + at * 1_000));
    expect(ticks.length).toBeGreaterThanOrEqual(1_800);
    expect(parts.length).toBeGreaterThanOrEqual(4);
    expect(Math.max(...parts.map((part) => part.length))).toBeLessThanOrEqual(500);
    expect(lastTick()).toBe(ticks.at(-1));
    expect(new Set(parts.flat().map(({ id }) => id)).size).toBe(ticks.length);
  });

  it('are one run for all with the default policy', async () => {
    const { ticker, parts } = site();
    await ticker.run({ ...EVERY_SECOND, catchUp: 'once' }, Math.floor(Date.now() / 1_000 - 1_800) * 1_000);
    expect(parts.flat()).toHaveLength(1);
  });

  it('do not come by where a tick is told of ahead of its time: that one is run, and no other', async () => {
    const { ticker, parts } = site();
    const soon = Math.ceil(Date.now() / 1_000 + 60) * 1_000;
    await ticker.run(EVERY_SECOND, soon);
    expect(parts.flat().map(({ runAt }) => runAt)).toEqual([soon]);
  });
});
