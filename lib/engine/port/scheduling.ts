import type { Schedule, ScheduleStatus } from '../../contract/index.js';

/** What became of a run that somebody asked for. */
export interface Triggered {
  /** The run's; that of the task which was there already, or holds its key, where none was enqueued. */
  readonly id: string;
  readonly enqueued: boolean;
}

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
  /**
   * Enqueues a run now, beside the ticks. Resolves to null where there is no schedule of that name.
   * @param id somebody's own, of a task that may be stored already; made here where it is left out
   */
  trigger(name: string, id?: string): Promise<Triggered | null>;
}
