import { wallTime } from '../../../clock/index.js';
import type { ScheduleStatus } from '../../../contract/index.js';
import type { ScheduleNotes } from '../schedules/schedule-notes.js';
import type { ScheduleTicker } from '../schedules/schedule-ticker.js';

/** Takes a schedule over from another store, and the ticks that it had missed there. */
export async function adoptSchedule(
  { paused, nextRunAt, lastRunAt, lastTaskId: _lastTaskId, lastTaskIds, ...schedule }: ScheduleStatus,
  schedules: ScheduleNotes,
  ticker: ScheduleTicker,
): Promise<void> {
  const { name } = schedule;
  await schedules.define(schedule);
  // When each was due is not known but of the last: the others were before it, one after the other.
  const runs = lastRunAt === null ? [] : lastTaskIds.map((id, age) => ({ id, at: lastRunAt - age }));
  if (runs.length > 0) await schedules.noteRuns(name, runs, null);
  if (paused) await schedules.setPaused(name, true);
  await ticker.arrange(schedule);
  // BullMQ's scheduler begins with the next tick from now on.
  if (nextRunAt !== null && nextRunAt <= wallTime()) await ticker.run(schedule, nextRunAt);
}
