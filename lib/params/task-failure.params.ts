import { IsObject } from 'class-validator';
import type { FailedTask, TaskError, TaskFailure } from '../contract/index.js';

/**
 * Params of a task that is enqueued by `onFailed`. Its handler may read the failed task by `dispatcher.get(params.task.id)`.
 *
 * @publicApi
 */
export class TaskFailureParams implements TaskFailure {
  @IsObject()
  readonly task!: FailedTask;

  @IsObject()
  readonly error!: TaskError;
}
