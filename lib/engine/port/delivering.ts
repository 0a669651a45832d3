import type { ConsumeOptions, Consumer, RunTask } from './delivery.js';

/** How tasks reach the process that runs them. */
export interface Delivering {
  /** Delivers tasks of `queue` to `run` until the consumer is closed, the highest priority first, then the oldest. */
  consume(queue: string, options: ConsumeOptions, run: RunTask): Promise<Consumer>;
}
