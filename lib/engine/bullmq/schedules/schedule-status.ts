import { MAX_LAST_RUNS, type Schedule, type ScheduleStatus } from '../../../contract/index.js';
import type { ScheduleNotes } from './schedule-notes.js';
import type { ScheduleTicker } from './schedule-ticker.js';

/** Every schedule, by name. */
export async function allStatuses(schedules: ScheduleNotes, ticker: ScheduleTicker): Promise<ScheduleStatus[]> {
  await schedules.refresh();
  const definitions = await schedules.definitions();
  const statuses = await Promise.all(definitions.map((schedule) => statusOf(schedule, schedules, ticker)));
  return statuses.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function statusOf(schedule: Schedule, schedules: ScheduleNotes, ticker: ScheduleTicker): Promise<ScheduleStatus> {
  const { name } = schedule;
  const [nextRunAt, runs, paused] = await Promise.all([
    ticker.nextOpenTick(schedule),
    schedules.runs(name),
    schedules.isPaused(name),
  ]);
  const lastTaskIds = runs.slice(0, MAX_LAST_RUNS).map(({ id }) => id);
  return {
    ...schedule,
    paused,
    nextRunAt,
    lastRunAt: runs[0]?.at ?? null,
    lastTaskId: runs[0]?.id ?? null,
    lastTaskIds,
  };
}
