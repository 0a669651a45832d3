import type { RateLimit } from '../../contract/index.js';
import type { ConsumeOptions, Consumer, RunTask } from './delivery.js';

/** How tasks reach the process that runs them. */
export interface Delivering {
  /** Delivers tasks of `queue` to `run` until the consumer is closed, the highest priority first, then the oldest. */
  consume(queue: string, options: ConsumeOptions, run: RunTask): Promise<Consumer>;
  /**
   * Whether none of a queue's tasks may start now, as its rate limit is used up or it was told to wait. Absent where the engine
   * tells so by {@link TaskEngine.limiting}.
   *
   * @param limit that the configuration gives the queue
   */
  isHeldBack?(queue: string, limit: RateLimit | null): Promise<boolean>;
}
