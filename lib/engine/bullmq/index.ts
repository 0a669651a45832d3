export { bullmq } from './bullmq.js';
export { bullmqEngine } from './bullmq-engine.js';
export type { BullmqEngineOptions, BullmqOptions, RedisConnection } from './bullmq-options.js';
export { bullmqKind } from './bullmq-kind.js';
