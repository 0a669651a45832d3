import type { EngineKind } from '../port/index.js';
import type { BullmqOptions } from './bullmq-options.js';
import { postgresProblem } from './connections/given-postgres.js';
import { isCluster, redisProblem } from './connections/given-redis.js';
import { shownNameProblem } from './queue-names.js';

/** Halves of characters become one and the same in Redis, and no tool that lists keys shows control characters. */
const PREFIX = /^[^\p{Cc}\p{Cs}]{1,200}$/u;

const HASH_TAG = /\{[^{}]+\}/;
const CLUSTER_PREFIX =
  'must have braces in a cluster, such as "{tasks}": they keep the keys of a queue on one node, and BullMQ changes several at once';

/** How BullMQ's options are checked. A text with a password in it is never shown. */
export const bullmqKind: EngineKind<BullmqOptions> = {
  options: {
    connection: redisProblem,
    postgres: postgresProblem,
    prefix: (value) =>
      typeof value === 'string' && PREFIX.test(value)
        ? null
        : 'must be a text of 1 to 200 characters without control characters, such as "shop": it begins each key',
    show: (value) => {
      if (!Array.isArray(value) || !value.every((name) => typeof name === 'string' && name !== '')) {
        return 'must be a list of names of queues, such as ["legacy-emails"]';
      }
      const wrong = (value as string[]).find((name) => shownNameProblem(name) !== null);
      return wrong === undefined ? null : `cannot have ${JSON.stringify(wrong)}: the name ${shownNameProblem(wrong)}`;
    },
  },
  together({ connection, postgres, prefix }) {
    if ((connection === undefined) === (postgres === undefined)) {
      return [{ option: null, problem: 'must have one of "connection" and "postgres"' }];
    }
    if (isCluster(connection) && !HASH_TAG.test(prefix ?? '')) {
      return [{ option: 'prefix', problem: CLUSTER_PREFIX }];
    }
    return prefix !== undefined && postgres !== undefined
      ? [{ option: 'prefix', problem: 'is for Redis: on PostgreSQL, each app has a database of its own' }]
      : [];
  },
};
