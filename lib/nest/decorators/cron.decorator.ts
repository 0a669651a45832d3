import 'reflect-metadata';
import {
  type CatchUp,
  type Duration,
  TASKS_CRON_METADATA,
  TasksConfigError,
  type TaskTags,
} from '../../contract/index.js';
import type { OnFailed, TaskSettingsOptions } from '../../config/index.js';
import { decoratedMethod, notedOn, noteOn } from './decorated-method.js';
import { refuseNoOptions } from '../options-object.js';
import type { UniquenessOptions } from '../../uniqueness/index.js';
import type { RunSpanOptions } from '../../cron/index.js';

/**
 * Options of {@link Cron}. Those of `@nestjs/schedule` mean the same here; queue, catch-up and the settings of a task
 * (retries, backoff, timeout, priority, retention) come on top.
 *
 * @publicApi
 */
export interface CronOptions
  extends TaskSettingsOptions, RunSpanOptions, Pick<UniquenessOptions, 'unique' | 'throttle'> {
  /**
   * Name of the schedule and of the tasks that it makes: unique among schedules and task handlers.
   * @default 'ClassName.method'
   */
  name?: string;
  /**
   * IANA name, such as `Europe/Paris`.
   * @default the time zone of the process
   */
  timeZone?: string;
  /** Minutes from UTC, instead of `timeZone`. */
  utcOffset?: number;
  /**
   * The schedule is there, and may be triggered by hand, but does not tick.
   * @default false
   */
  disabled?: boolean;
  /**
   * A tick that is late by more than this is not run: milliseconds or a duration such as `30s`.
   * @default however late, see `catchUp`
   */
  threshold?: Duration;
  /**
   * A tick is left out while the run before it has not ended.
   * @default false
   */
  waitForCompletion?: boolean;
  /**
   * Queue that the runs are put on.
   * @default 'default'
   */
  queue?: string;
  /**
   * Keeps what the method returns, see `@TaskHandler`.
   * @default false
   */
  result?: boolean | Duration;
  /** As in `@TaskHandler`. */
  onFailed?: OnFailed;
  /**
   * What happens to ticks that no process was there to see. `once`: one run for all; `all`: one each; `skip`: none.
   * @default 'once'
   */
  catchUp?: CatchUp;
  /** Tags of each run, by which it is found: see `QueueTaskOptions.tags`. */
  tags?: TaskTags;
  /**
   * Name of the store (`TasksModule.forRoot({ name })`) that the schedule is kept in.
   * @default 'default', or the only one there is
   */
  store?: string;
}

/** The metadata that {@link Cron} leaves on a method. */
export interface CronMetadata {
  readonly expression: string | Date;
  readonly options: CronOptions;
}

/**
 * Runs a method at set times, as a durable task: once for all processes of a store, with retries and history.
 * The method is called with the {@link TaskContext} of the run.
 *
 * @param expression a cron expression of five fields (minute hour day month weekday) or six (second first), a
 * `CronExpression` of `@nestjs/schedule`, a preset such as `@daily`, an interval such as `@every 45m`, or a date (a `Date` or ISO text) for a single run
 * @param options see {@link CronOptions}
 * @throws TasksConfigError when the method has an `@Cron` of this library already, or is none of an instance. Wrong values stop the boot.
 *
 * @example
 * \@Cron('0 0 * * *', { name: 'cleanup_old_data', timeZone: 'Europe/Paris', maxRetries: 5 })
 * async cleanup(task: TaskContext) {}
 *
 * @publicApi
 */
export function Cron(expression: string | Date, options: CronOptions = {}): MethodDecorator {
  return (target, key, descriptor) => {
    const decorated = decoratedMethod('@Cron', target, key, descriptor);
    if (notedOn(TASKS_CRON_METADATA, decorated) !== undefined) {
      throw new TasksConfigError(
        `${decorated.where} has two @Cron decorators. Keep one and give the second time a method of its own, ` +
          'or write one expression that covers both, such as "0 8,20 * * *".',
      );
    }
    refuseNoOptions(`@Cron on ${decorated.where}`, options);
    const metadata: CronMetadata = { expression, options };
    noteOn(TASKS_CRON_METADATA, metadata, decorated);
  };
}
