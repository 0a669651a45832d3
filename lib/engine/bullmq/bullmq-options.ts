/** Options of ioredis. Its own type is not named here, as an app on another engine need not have it installed. */
export interface RedisConnection {
  /** `redis://user:password@host:6379/0`, `rediss://…` for TLS; what it says wins over the options beside it. */
  url?: string;
  host?: string;
  port?: number | string;
  /** Path of a Unix socket, instead of host and port. */
  path?: string;
  username?: string;
  password?: string;
  db?: number | string;
  tls?: object | boolean;
  /** With `name`, the name of the group that the master is found by. */
  sentinels?: ReadonlyArray<object>;
  [option: string]: unknown;
}

/** A `Redis` or `Cluster` of ioredis that the app has. It is copied, and stays the app's to use and to close. */
export interface RedisClient {
  connect(): Promise<unknown>;
  duplicate(...overrides: never[]): unknown;
}

/** Options of a pool of pg. */
export interface PostgresConnection {
  /** `postgres://user:password@host/database`; what it says wins over the options beside it. */
  connectionString?: string;
  host?: string;
  port?: number | string;
  user?: string;
  password?: string | (() => string | Promise<string>);
  database?: string;
  ssl?: unknown;
  /** Most connections of the pool that all queues share; those that work or listen have small ones of their own. */
  max?: number;
  /**
   * False: BullMQ's tables are there already, and the boot fails where they are not.
   * @default true
   */
  migrate?: boolean;
  [option: string]: unknown;
}

/** A `Pool` of pg that the app has. Its options are taken over, and it stays the app's to use and to end. */
export interface PostgresPool {
  connect(): Promise<unknown>;
  query(...query: never[]): unknown;
  end(): Promise<void>;
  readonly options: object;
}

/** Where the tasks of the BullMQ engine live: `connection` for Redis, or `postgres`; one of the two. */
export interface BullmqOptions {
  /** Such as `{ host: 'localhost', port: 6379 }`, `redis://localhost:6379`, or a client of ioredis. */
  readonly connection?: string | RedisConnection | RedisClient;
  /**
   * Connection string of PostgreSQL, such as `postgres://user@host/database`, options of pg, or a pool of pg. BullMQ's
   * tables are made in it.
   */
  readonly postgres?: string | PostgresConnection | PostgresPool;
  /**
   * First part of every key in Redis, where several apps share one. PostgreSQL has a database for that.
   * @default 'bull', as BullMQ's own
   */
  readonly prefix?: string;
  /**
   * BullMQ queues that other code of the app fills and works on: they are shown, and never touched. A task of theirs can
   * be read; every action on it is refused.
   * @default []
   */
  readonly show?: readonly string[];
}

export interface BullmqEngineOptions extends BullmqOptions {
  /** How long a process may be silent before its tasks are taken from it, in milliseconds: BullMQ's lock. */
  readonly lease: number;
  /** How many attempts of one task may be lost before it fails. */
  readonly maxLostAttempts: number;
  /** Queues that this process knows of; others are learnt from the store. */
  readonly queues: readonly string[];
}
