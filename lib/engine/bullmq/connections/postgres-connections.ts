import type { Pool, PoolConfig } from 'pg';
import { isInTime } from '../../common/index.js';
import { loadPostgresDriver, type BullmqLibrary } from '../bullmq-library.js';
import type { BullmqOptions } from '../bullmq-options.js';
import { CLOSE_MS, CONNECT_MS, SILENCE_MS, type Connections } from './connections.js';
import { isPool, poolOptions } from './given-postgres.js';

/** BullMQ's own choice; a pool that it does not make has to be told. */
const SCHEMA = 'bullmq';
/** Connections of a worker, or of an object that hears events: one of them listens. */
const LISTENER_CONNECTIONS = 5;

const PATIENCE = { keepAlive: true, connectionTimeoutMillis: CONNECT_MS, query_timeout: SILENCE_MS } as const;

type Given = NonNullable<BullmqOptions['postgres']>;

/**
 * Pools by what the app gave: a connection string, options of pg, or a pool of its own, whose options are taken over.
 * BullMQ's tables are brought up to date first, unless the app does that.
 */
export async function postgresConnections(given: Given, library: BullmqLibrary): Promise<Connections> {
  const { Pool: Constructor, Client } = await loadPostgresDriver();
  const { migrate = true, skipMigrations = !migrate, skipVersionCheck, ...own } = poolOptions(given);
  const config = { ...PATIENCE, ...withOptionsApart(own) } as PoolConfig;
  const Made = isPool(given) ? (given.constructor as typeof Pool) : Constructor;
  const newPool = (max?: number): Pool => {
    const options = [config.options, `-c search_path=${SCHEMA}`].filter(Boolean).join(' ');
    const pool = new Made({ ...config, options, ...(max !== undefined && { max }) });
    // Each queue listens to it.
    pool.setMaxListeners(0);
    // A connection that is cut may fail twice, and the pool hears the first time only; who asked is told anyhow.
    pool.on('connect', (client) => client.on('error', () => undefined));
    return pool;
  };
  const { host, port, database = '' } = new Client(config);
  return {
    place: `PostgreSQL at ${host.startsWith('/') ? host : `${host}:${port}`}, database "${database}"`,
    shared: newPool(),
    connected: 'connect',
    prepare: async () => {
      if (!skipMigrations)
        await migrated({ ...config, migrate: true, ...(skipVersionCheck === true && { skipVersionCheck }) }, library);
    },
    own: () => {
      const pool = newPool(LISTENER_CONNECTIONS);
      return { connection: pool, end: () => pool.end() };
    },
  };
}

async function migrated(connection: object, { Queue, createPostgresBackend }: BullmqLibrary): Promise<void> {
  const queue = new Queue('nestjs-tasks', { connection }, createPostgresBackend as never);
  queue.on('error', () => undefined);
  try {
    await queue.waitUntilReady();
  } finally {
    await isInTime(queue.close(), CLOSE_MS);
  }
}

/** A connection string would replace the options beside it, among them the schema: what it has of those is moved there. */
function withOptionsApart<T extends { connectionString?: string; options?: unknown }>(config: T): T {
  const { connectionString: text, options } = config;
  const [head, query] = text?.split(/\?(.*)/s) ?? [];
  const parameters = new URLSearchParams(query);
  const given = parameters.get('options') ?? options ?? process.env.PGOPTIONS;
  if (text === undefined || !parameters.has('options')) return { ...config, options: given };
  parameters.delete('options');
  return { ...config, options: given, connectionString: `${head}?${parameters.toString()}` };
}
