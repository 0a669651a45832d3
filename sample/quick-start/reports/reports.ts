import { Injectable } from '@nestjs/common';
import { type TaskContext, TaskHandler, UnrecoverableError } from 'nestjs-tasks';

/** Attempts of the flaky report that fail. */
const FAILING_ATTEMPTS = 2;

/** Handlers that fail on purpose, to see retries and errors in the panel. A method may be a handler, too. */
@Injectable()
export class Reports {
  @TaskHandler('flaky_report', { queue: 'reports' })
  flaky(_params: object, task: TaskContext): void {
    if (task.attempt <= FAILING_ATTEMPTS) throw new Error('The report service answered 503 Service Unavailable');
    task.log('The report service is back');
  }

  @TaskHandler('broken_report', { queue: 'reports', maxRetries: 2, retryDelay: '1s' })
  broken(): void {
    throw new Error('Column "turnover" does not exist');
  }

  @TaskHandler('impossible_report', { queue: 'reports' })
  impossible(): void {
    throw new UnrecoverableError('There is no year 13: trying again will not help');
  }
}
