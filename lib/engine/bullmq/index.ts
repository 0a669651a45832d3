export { bullmq } from './bullmq.js';
export { BullmqEngine } from './bullmq-engine.js';
export type { BullmqEngineOptions, BullmqOptions, RedisConnection } from './bullmq-options.js';
