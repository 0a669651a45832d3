import type { Schedule, ScheduleStatus } from '../../contract/index.js';

/** The cron schedules of a store. */
export interface Scheduling {
  /**
   * Adds or replaces a schedule. Its next run is kept where expression and zone are unchanged, so that ticks missed
   * while no process was there are seen.
   */
  save(schedule: Schedule): Promise<void>;
  /** Resolves to false where there is no schedule of that name. */
  remove(name: string): Promise<boolean>;
  /** Every schedule, by name. */
  all(): Promise<readonly ScheduleStatus[]>;
  /** Resolves to false where there is no schedule of that name. */
  setPaused(name: string, paused: boolean): Promise<boolean>;
  /** Enqueues a run now, beside the ticks. Resolves to the task's id, or null where there is no schedule of that name. */
  trigger(name: string): Promise<string | null>;
}
