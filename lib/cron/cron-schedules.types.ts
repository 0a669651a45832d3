import type { CatchUp, Duration, ParamsOf, ScheduleStatus, TaskSummary, TaskTags } from '../contract/index.js';
import type { StoredTaskSettings } from '../config/index.js';
import type { UniquenessOptions } from '../uniqueness/index.js';
import type { RunSpanOptions } from './run-span.js';

/** A schedule that is added at run time, and the task that each of its ticks enqueues. */
export interface AddScheduleOptions<Name extends string = string>
  extends StoredTaskSettings, RunSpanOptions, Pick<UniquenessOptions, 'unique' | 'throttle'> {
  /** Unique among schedules: 1 to 200 characters. A schedule added earlier under this name is replaced. */
  name: string;
  /** A cron expression of five or six fields, a preset such as `@daily`, an interval such as `@every 45m`, or a date for a single run. */
  expression: string | Date;
  /**
   * IANA name, such as `Europe/Paris`.
   * @default the time zone of the process that computes the tick
   */
  timeZone?: string;
  /** Minutes from UTC, instead of `timeZone`. */
  utcOffset?: number;
  /** Queue that the runs are put on. It must be configured. */
  queue: string;
  /** Name of a task that has a handler. */
  task: Name;
  /**
   * Params of each run, checked now. What is marked `@Sensitive()` cannot be among them.
   * @default {}
   */
  params?: ParamsOf<Name>;
  /**
   * What happens to ticks that no process was there to see. `once`: one run for all; `all`: one each; `skip`: none.
   * @default 'once'
   */
  catchUp?: CatchUp;
  /**
   * A tick that is late by more than this is not run.
   * @default however late, see `catchUp`
   */
  threshold?: Duration;
  /**
   * False: a tick is left out while the run before it has not ended.
   * @default true
   */
  overlap?: boolean;
  /** Tags of each run: see `QueueTaskOptions.tags`. */
  tags?: TaskTags;
}

/** How one run is enqueued by hand. */
export interface TriggerOptions {
  /**
   * The run's own id: one that is stored already is left as it is, and no other is enqueued.
   * @default made for it
   */
  id?: string;
}

/** A schedule as it is shown: parsed where the store keeps JSON, with what this process knows about it. */
export interface CronSchedule extends Omit<ScheduleStatus, 'params' | 'settings' | 'lastTaskIds'> {
  /** Params of each run; values that are marked `@Sensitive()` are replaced. */
  readonly params: unknown;
  /** Settings of its tasks that were given when it was added; null where there were none. */
  readonly settings: StoredTaskSettings | null;
  /** Null while it is paused or disabled. */
  readonly nextRunAt: number | null;
  /** The next ticks, `nextRunAt` first; at most 5. */
  readonly nextRuns: readonly number[];
  /** The last runs with their states, the newest first; at most 5. Runs that retention has deleted are left out. */
  readonly lastRuns: ReadonlyArray<Pick<TaskSummary, 'id' | 'state' | 'runAt' | 'startedAt' | 'finishedAt'>>;
  /** Whether this process has a handler for its task; null where it has not and handles no other task either. */
  readonly registered: boolean | null;
  /** The method with the `@Cron`, where this process has it: `Housekeeping.cleanup`. */
  readonly location: string | null;
}
