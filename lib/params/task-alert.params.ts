import { IsIn, IsInt, IsString } from 'class-validator';
import type { AlertKind, TaskAlert } from '../contract/index.js';

/**
 * Params of a task that a rule of the option `alerts` enqueues.
 *
 * @publicApi
 */
export class TaskAlertParams implements TaskAlert {
  @IsIn(['raised', 'cleared'])
  readonly state!: 'raised' | 'cleared';

  @IsString()
  readonly rule!: string;

  @IsIn(['latency', 'failed', 'noWorkers', 'stuck'])
  readonly kind!: AlertKind;

  @IsString()
  readonly queue!: string;

  @IsString()
  readonly message!: string;

  @IsInt()
  readonly at!: number;
}
