import type { Clock } from '../../clock/index.js';
import type { QueueFlow, Schedule } from '../../contract/index.js';

/** The library around an engine, as the engine sees it. */
export interface EngineContext {
  readonly clock: Clock;
  readonly logger: EngineLogger;
  /** Milliseconds that a task is kept when the engine itself ends it (cancelled while waiting, lost too often); null: for ever. */
  keepFor(queue: string, state: 'failed' | 'cancelled'): number | null;
  /** Most tasks of a queue that are kept once they ended so, the latest; null: any number. Absent where no queue has a limit. */
  keepAtMost?(queue: string, state: 'completed' | 'failed' | 'cancelled'): number | null;
  /**
   * What each queue of the configuration lets run, null for one that nothing limits. It is stored when the engine opens, for
   * all processes: the last one that opened says it. Absent where the configuration is not known.
   */
  readonly flows?: ReadonlyMap<string, QueueFlow | null>;
  /** The first time after `after` that the schedule ticks; null: never again. */
  nextRun(schedule: Pick<Schedule, 'expression' | 'timeZone' | 'utcOffset'>, after: number): number | null;
  /** Params with what stands at the sensitive paths replaced: the only form in which an engine gives params to a reader. */
  mask(params: unknown, sensitive: readonly string[]): unknown;
  /** Makes a task's id. */
  newId(): string;
}

export interface EngineLogger {
  debug?(message: string): void;
  log(message: string): void;
  warn(message: string): void;
  error(message: string, stack?: string): void;
}
