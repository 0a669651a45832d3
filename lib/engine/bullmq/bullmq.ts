import type { BullmqOptions } from './bullmq-options.js';

/**
 * Keeps tasks in BullMQ, for more than one machine: `TasksModule.forRoot({ engine: bullmq({ connection }) })`.
 * The packages `bullmq` and `ioredis` (or `pg`) have to be installed.
 *
 * @param options where: `connection` for Redis, or `postgres`
 * @publicApi
 */
export function bullmq(options: BullmqOptions): { bullmq: BullmqOptions } {
  return { bullmq: options };
}
