import type { Cluster, Redis, RedisOptions } from 'ioredis';
import { loadRedisDriver } from '../bullmq-library.js';
import type { BullmqOptions, RedisConnection } from '../bullmq-options.js';
import { CONNECT_MS, SILENCE_MS, type Connections } from './connections.js';
import { isCluster, isRedisClient } from './given-redis.js';

/** A producer is told after so many reconnections that Redis is not there; a worker waits for it. */
const PRODUCER_RETRIES = 3;

/** BullMQ's own strategy waits for up to 20 s between two tries. */
const PATIENCE = {
  connectTimeout: CONNECT_MS,
  socketTimeout: SILENCE_MS,
  retryStrategy: (times: number) => Math.min(times * 50, 2_000),
};

/**
 * Connections by what the app gave: options, a URL, both, or a client of its own. All of them are made from the same
 * options, as ioredis reads them.
 */
export async function redisConnections({ connection = {}, prefix }: BullmqOptions): Promise<Connections> {
  const keys = prefix === undefined ? '' : `, prefix "${prefix}"`;
  if (isCluster(connection)) return clusterConnections(connection, keys);
  const { Redis: Client } = await loadRedisDriver();
  const options = await redisOptions(connection);
  const shared = new Client({ ...options, maxRetriesPerRequest: options.maxRetriesPerRequest ?? PRODUCER_RETRIES });
  return {
    place: `Redis at ${placeOf(options)}${keys}`,
    shared,
    connected: 'ready',
    prepare: () => Promise.resolve(),
    own: () => ({ connection: { ...options, maxRetriesPerRequest: null }, end: () => Promise.resolve() }),
  };
}

/** The options that ioredis makes of a connection, over the library's patience. Nothing connects. */
export async function redisOptions(connection: NonNullable<BullmqOptions['connection']>): Promise<RedisOptions> {
  const { Redis: Client } = await loadRedisDriver();
  // A client's own options are complete; a number of retries that nobody chose is among them.
  if (isRedisClient(connection)) return { ...PATIENCE, ...known((connection as unknown as Redis).options) };
  const given: RedisConnection = typeof connection === 'string' ? { url: connection } : connection;
  const { url, ...rest } = given;
  if (url === undefined) return { ...PATIENCE, ...known(rest as RedisOptions) };
  const read = new Client(url, { ...(rest as RedisOptions), lazyConnect: true }).options;
  const { maxRetriesPerRequest = null, lazyConnect = false } = rest as RedisOptions;
  return { ...PATIENCE, ...known(read), maxRetriesPerRequest, lazyConnect };
}

function clusterConnections(given: Cluster, keys: string): Connections {
  const duplicate = (maxRetriesPerRequest: number | null, lazyConnect: boolean): Cluster => {
    const { redisOptions: own } = given.options;
    const { connectTimeout, socketTimeout } = PATIENCE;
    const made = given.duplicate([], {
      lazyConnect,
      redisOptions: { connectTimeout, socketTimeout, ...known(own ?? {}), maxRetriesPerRequest },
    });
    return made;
  };
  const shared = duplicate(PRODUCER_RETRIES, false);
  return {
    place: `the Redis cluster at ${clusterPlaceOf(given)}${keys}`,
    shared: shared as unknown as Redis,
    connected: 'ready',
    prepare: () => Promise.resolve(),
    own: () => {
      // BullMQ leaves a client open that it was given.
      const connection = duplicate(null, true);
      connection.on('error', () => undefined);
      return { connection, end: async () => connection.disconnect() };
    },
  };
}

/** An option that is undefined is none: it must not stand before a default. */
function known<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

function placeOf({ path, sentinels, name, host = 'localhost', port = 6379, db }: RedisOptions): string {
  const database = db ? `/${db}` : '';
  if (path) return `${path}${database}`;
  if (!sentinels) return `${host}:${port}${database}`;
  const watchers = sentinels.map((sentinel) => `${sentinel.host ?? 'localhost'}:${sentinel.port ?? 26379}`);
  return `"${name}"${database} of the sentinels ${watchers.join(', ')}`;
}

function clusterPlaceOf(cluster: Cluster): string {
  const { startupNodes } = cluster as unknown as { startupNodes?: ReadonlyArray<unknown> };
  return (startupNodes ?? []).map(nodePlaceOf).join(', ') || 'its nodes';
}

/** A URL is cut down to what is no secret. */
function nodePlaceOf(node: unknown): string {
  if (typeof node === 'number') return `localhost:${node}`;
  if (typeof node === 'string') return URL.canParse(node) ? new URL(node).host : node.replace(/^.*@/, '');
  const { host = 'localhost', port = 6379 } = (node ?? {}) as { host?: string; port?: number };
  return `${host}:${port}`;
}
