/** Options of ioredis. Its own type is not named here, as an app on another engine need not have it installed. */
export interface RedisConnection {
  host?: string;
  port?: number;
  username?: string;
  password?: string;
  db?: number;
  tls?: object;
  [option: string]: unknown;
}

/** Where the tasks of the BullMQ engine live: `connection` for Redis, or `postgres`; one of the two. */
export interface BullmqOptions {
  /** Such as `{ host: 'localhost', port: 6379 }`. */
  readonly connection?: RedisConnection;
  /** Connection string of PostgreSQL, such as `postgres://user@host/database`. BullMQ's tables are made in it. */
  readonly postgres?: string;
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
