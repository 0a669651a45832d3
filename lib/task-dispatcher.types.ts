import type { EntityManager } from 'typeorm';
import type { Duration } from './config/duration.js';
import type { StoredTaskSettings } from './config/options.js';

/**
 * Maps a task's name to the type of its params. Extend it beside the params class, and a wrong payload does not compile:
 *
 * @example
 * declare module 'nestjs-tasks' {
 *   interface TaskParams { send_email: SendEmailParams }
 * }
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- empty so that users merge into it
export interface TaskParams {}

/** The params that `name` takes: those of {@link TaskParams} where it is listed there, else any JSON object. */
export type ParamsOf<Name extends string> = Name extends keyof TaskParams ? TaskParams[Name] : object;

export interface QueueTaskOptions extends StoredTaskSettings {
  /** Enqueue within this transaction: the task is there if and only if it commits. */
  manager?: EntityManager;
}

export interface QueueTaskWhenOptions extends QueueTaskOptions {
  /** Earliest start, from now. */
  delay?: Duration;
  /** Earliest start: a date or UTC milliseconds. */
  runAt?: Date | number;
}
