import type { EngineKind } from '../kinds/engine-kind.js';
import type { BullmqOptions } from './bullmq-options.js';

/** How BullMQ's options are checked. A text with a password in it is never shown. */
export const bullmqKind: EngineKind<BullmqOptions> = {
  options: {
    connection: (value) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? null
        : 'must be an object such as { host: "localhost", port: 6379 }',
    postgres: (value) =>
      typeof value === 'string' && /^postgres(?:ql)?:\/\//.test(value)
        ? null
        : 'must be a connection string that begins with "postgres://"',
    prefix: (value) => (typeof value === 'string' && value !== '' ? null : 'must be a text that is not empty'),
    show: (value) =>
      Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== '')
        ? null
        : 'must be a list of names of queues, such as ["legacy-emails"]',
  },
  together({ connection, postgres, prefix }) {
    if ((connection === undefined) === (postgres === undefined)) {
      return [{ option: null, problem: 'must have one of "connection" and "postgres"' }];
    }
    return prefix !== undefined && postgres !== undefined
      ? [{ option: 'prefix', problem: 'is for Redis: on PostgreSQL, each app has a database of its own' }]
      : [];
  },
};
