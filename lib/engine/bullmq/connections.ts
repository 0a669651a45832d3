import type { Redis } from 'ioredis';
import type { Pool } from 'pg';
import { loadPostgresDriver, loadRedisDriver, type BullmqLibrary } from './bullmq-library.js';
import type { BullmqOptions } from './bullmq-options.js';

/** How long it may take to connect, in milliseconds. */
export const CONNECT_MS = 10_000;
/**
 * A connection on which an answer is awaited and nothing comes for so long is given up: the network may have lost it
 * without a word. Longer than BullMQ lets Redis block, and than it takes to store a great bulk.
 */
const SILENCE_MS = 30_000;
/** How long a goodbye to the server may take, in milliseconds. */
const CLOSE_MS = 3_000;
/** A producer is told after so many reconnections that Redis is not there; a worker waits for it. */
const PRODUCER_RETRIES = 3;
/** BullMQ's own choice; a pool that it does not make has to be told. */
const SCHEMA = 'bullmq';
/** Of a worker, or of what hears events: one of them listens. */
const LISTENER_CONNECTIONS = 5;

/** BullMQ's own strategy waits for up to 20 s between two tries. */
const REDIS_PATIENCE = {
  connectTimeout: CONNECT_MS,
  socketTimeout: SILENCE_MS,
  retryStrategy: (times: number) => Math.min(times * 50, 2_000),
};

const POSTGRES_PATIENCE = { keepAlive: true, connectionTimeoutMillis: CONNECT_MS, query_timeout: SILENCE_MS } as const;

/** The server as BullMQ's objects reach it: what only asks shares one client or pool, what waits has its own. */
export type Connections =
  { readonly shared: Redis; readonly ownOptions: object } | { readonly shared: Pool; readonly ownPool: () => Pool };

export async function redisConnections({ connection }: BullmqOptions): Promise<Connections> {
  const { Redis: Client } = await loadRedisDriver();
  const options = { ...REDIS_PATIENCE, ...connection };
  return {
    shared: new Client({ ...options, maxRetriesPerRequest: PRODUCER_RETRIES }),
    ownOptions: { ...options, maxRetriesPerRequest: null },
  };
}

/** Brings BullMQ's tables up to date first. */
export async function postgresConnections(
  connectionString: string,
  { Queue, createPostgresBackend }: BullmqLibrary,
): Promise<Connections> {
  const { Pool: Constructor } = await loadPostgresDriver();
  const newPool = (max?: number): Pool => {
    const options = { ...POSTGRES_PATIENCE, connectionString, options: `-c search_path=${SCHEMA}` };
    const pool = new Constructor(max === undefined ? options : { ...options, max });
    // Each queue listens to it.
    pool.setMaxListeners(0);
    // A connection that is cut may fail twice, and the pool hears the first time only; who asked is told anyhow.
    pool.on('connect', (client) => client.on('error', () => undefined));
    return pool;
  };
  const migrating = new Queue(
    'nestjs-tasks',
    { connection: { ...POSTGRES_PATIENCE, connectionString, migrate: true } },
    createPostgresBackend as never,
  );
  migrating.on('error', () => undefined);
  try {
    await migrating.waitUntilReady();
  } finally {
    await isInTime(migrating.close());
  }
  return { shared: newPool(), ownPool: () => newPool(LISTENER_CONNECTIONS) };
}

/** Whether `action` is through within `patience` milliseconds, by default those of a goodbye. Rejects when it does. */
export async function isInTime(action: Promise<unknown>, patience = CLOSE_MS): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), patience)));
  try {
    return await Promise.race([action.then(() => true as const), late]);
  } finally {
    clearTimeout(timer);
  }
}
