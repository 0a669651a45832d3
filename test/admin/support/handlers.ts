import { Injectable } from '@nestjs/common';
import { IsInt, IsString, Min } from 'class-validator';
import { Cron, Sensitive, TaskHandler } from '../../../lib/nest/index.js';
import type { TaskContext } from '../../../lib/attempts/index.js';

export class OrderParams {
  @IsInt()
  @Min(1)
  amount!: number;

  @IsString()
  @Sensitive()
  card!: string;
}

@Injectable()
export class Handlers {
  @TaskHandler('greet')
  greet(params: { to?: string }, task: TaskContext): Promise<string> {
    task.log(`Hello ${params.to ?? 'world'}`);
    return Promise.resolve('greeted');
  }

  @TaskHandler('break', { maxRetries: 0 })
  break(): Promise<never> {
    throw new TypeError('Broken on purpose');
  }

  @TaskHandler('reject', { maxRetries: 0 })
  reject({ order }: { order: number }): Promise<never> {
    throw new RangeError(`Order ${order} is not there`);
  }

  /** Runs until it is cancelled. */
  @TaskHandler('wait')
  wait(_params: object, task: TaskContext): Promise<never> {
    task.progress(40, 'half way, nearly');
    return new Promise((_resolve, reject) => {
      task.signal.addEventListener('abort', () => reject(task.signal.reason as Error), { once: true });
    });
  }

  @TaskHandler('order', { params: OrderParams })
  order(): Promise<void> {
    return Promise.resolve();
  }

  @Cron('0 3 * * *', { name: 'nightly', timeZone: 'UTC' })
  nightly(): Promise<void> {
    return Promise.resolve();
  }
}
