import type { TaskTraits } from './task-traits.js';

/** The policy for ticks that no process was there to see. `once`: one run for all; `all`: one each; `skip`: none. */
export type CatchUp = 'once' | 'all' | 'skip';

/** A cron schedule and the task that each tick enqueues. */
export interface Schedule {
  readonly name: string;
  /** A cron expression of five or six fields, or an ISO date for a single run. */
  readonly expression: string;
  /** IANA name, or null for the time zone of the process. */
  readonly timeZone: string | null;
  /** Minutes from UTC, instead of a time zone. */
  readonly utcOffset: number | null;
  readonly queue: string;
  readonly task: string;
  /** JSON text. */
  readonly params: string;
  readonly priority: number;
  readonly maxAttempts: number | null;
  readonly settings: string | null;
  readonly catchUp: CatchUp;
  /** Ticks that are late by more than this many milliseconds are not run; null: however late. */
  readonly threshold: number | null;
  /**
   * False: a tick is left out while a run has not ended, by a tick or by hand, one of the last {@link MAX_LAST_RUNS} at
   * least; and missed ones are not made up for together.
   */
  readonly overlap: boolean;
  /** Disabled in code: it does not tick, whatever the panel says. */
  readonly disabled: boolean;
  /** `code`: from a decorator, written anew at each boot; `runtime`: added by a call. */
  readonly source: 'code' | 'runtime';
  /** What few schedules give their tasks; absent where this one gives none of it. */
  readonly traits?: ScheduleTraits;
}

/** What few schedules give the tasks of their runs. */
export interface ScheduleTraits extends Pick<TaskTraits, 'onFailed' | 'tags' | 'version' | 'unique'> {
  /** Milliseconds from when a run is enqueued until it is cancelled unless it has started. */
  readonly expires?: number;
  /** Milliseconds from when a run is enqueued until it fails unless it has ended. */
  readonly deadline?: number;
}

/** Runs that a schedule remembers. */
export const MAX_LAST_RUNS = 5;

export interface ScheduleStatus extends Schedule {
  readonly paused: boolean;
  readonly nextRunAt: number | null;
  readonly lastRunAt: number | null;
  /** The task of the last tick. */
  readonly lastTaskId: string | null;
  /** The tasks of the last runs, by ticks and by hand, the newest first; at most {@link MAX_LAST_RUNS}. */
  readonly lastTaskIds: readonly string[];
}
