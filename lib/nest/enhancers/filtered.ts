import type { ArgumentsHost } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';

/** What Nest makes of the filters of a handler. */
interface ExceptionsHandler {
  /** The answer of the first filter that takes the error; undefined where there is none. */
  invokeCustomFilters(error: unknown, host: ArgumentsHost): unknown;
}

/**
 * In the place of Nest's own: there a filter that is asynchronous and only reports would make the task a completed one,
 * and what no filter takes is logged a second time.
 *
 * - A filter that throws has the last word: its error is that of the attempt.
 * - One that returns an error, or an Observable of one, as those for GraphQL and microservices do, throws it.
 * - One that returns nothing has only looked: the error that it got stands.
 * - Any other value is the handler's result.
 */
export class TaskErrorProxy {
  /** @param settle waits for what a filter answers */
  constructor(private readonly settle: (answer: unknown) => Promise<unknown>) {}

  createProxy(
    target: (...args: unknown[]) => Promise<unknown>,
    handler: ExceptionsHandler,
    type: string,
  ): (...args: unknown[]) => Promise<unknown> {
    return async (...args) => {
      try {
        return await target(...args);
      } catch (error) {
        const host = new ExecutionContextHost(args);
        host.setType(type);
        const answer = await this.settle(handler.invokeCustomFilters(error, host));
        if (answer === undefined) throw error;
        if (answer instanceof Error) throw answer;
        return answer;
      }
    };
  }
}
