import 'reflect-metadata';
import {
  SCHEDULE_CRON_OPTIONS,
  SCHEDULER_TYPE,
  SCHEDULER_TYPE_CRON,
  SCHEDULER_TYPE_INTERVAL,
  SCHEDULER_TYPE_TIMEOUT,
  TASKS_CRON_METADATA,
  TasksConfigError,
} from '../../contract/index.js';
import type { CronMetadata, CronOptions } from '../decorators/cron.decorator.js';
import { type ClassMethod, metadataOf } from './class-methods.js';

/** A method with an `@Cron`, as it was written: nothing of it has been checked. */
export interface CronDeclaration {
  /** `own`: the library's decorator; `nest`: the one of `@nestjs/schedule`. */
  readonly origin: 'own' | 'nest';
  /** Text, a `Date`, or with Nest's decorator a Luxon `DateTime`. */
  readonly expression: unknown;
  readonly options: CronOptions;
}

/** Reads what either `@Cron` left on a method. */
export class CronMetadataAccessor {
  /**
   * @param method one without a decorator, or a getter without one, has no declaration
   * @param location class and method, for the message
   * @throws TasksConfigError when the method has both decorators, or was made a getter
   */
  read(method: ClassMethod, location: string): CronDeclaration | null {
    const own = metadataOf<CronMetadata>(TASKS_CRON_METADATA, method);
    if (method.function === null) {
      if (!own) return null;
      throw new TasksConfigError(
        `@Cron stands on ${location}, which a decorator above it has made a getter. Take that decorator off: methods are ` +
          'called on their instance.',
      );
    }
    const nests =
      Reflect.getMetadata(SCHEDULER_TYPE, method.function) === SCHEDULER_TYPE_CRON
        ? (Reflect.getMetadata(SCHEDULE_CRON_OPTIONS, method.function) as NestCronOptions | undefined)
        : undefined;
    if (own && nests) {
      throw new TasksConfigError(
        `${location} has @Cron of nestjs-tasks and @Cron of @nestjs/schedule, so it would run twice. Keep one of them.`,
      );
    }
    if (own) return { origin: 'own', ...own };
    return nests ? fromNest(nests) : null;
  }
}

/** Which timer of `@nestjs/schedule` a method is, by its decorator's name; null for none. */
export function timerOf(method: unknown): 'Interval' | 'Timeout' | null {
  if (typeof method !== 'function') return null;
  const type: unknown = Reflect.getMetadata(SCHEDULER_TYPE, method);
  if (type === SCHEDULER_TYPE_INTERVAL) return 'Interval';
  return type === SCHEDULER_TYPE_TIMEOUT ? 'Timeout' : null;
}

/** The options that `@Cron` of `@nestjs/schedule` keeps, as far as they have a meaning here. */
interface NestCronOptions extends Pick<
  CronOptions,
  'name' | 'timeZone' | 'utcOffset' | 'disabled' | 'threshold' | 'waitForCompletion'
> {
  readonly cronTime: unknown;
}

/** `unrefTimeout` and `initialDelay` are about a timer of the process; a schedule in the store has none. */
function fromNest({
  cronTime,
  name,
  timeZone,
  utcOffset,
  disabled,
  threshold,
  waitForCompletion,
}: NestCronOptions): CronDeclaration {
  return {
    origin: 'nest',
    expression: cronTime,
    options: { name, timeZone, utcOffset, disabled, threshold, waitForCompletion },
  };
}
