import type { Redis } from 'ioredis';
import type { Pool } from 'pg';

/** How long it may take to connect, in milliseconds. */
export const CONNECT_MS = 10_000;
/**
 * A connection on which an answer is awaited and nothing comes for so long is given up: the network may have lost it
 * without a word. Longer than BullMQ lets Redis block, and than it takes to store a great bulk.
 */
export const SILENCE_MS = 30_000;
/** How long a goodbye to the server may take, in milliseconds. */
export const CLOSE_MS = 3_000;

/** A connection of one object that works or listens, as BullMQ is given it. */
export interface OwnConnection {
  readonly connection: object;
  /** Ends what BullMQ does not end by itself. */
  end(): Promise<void>;
}

/** The server as BullMQ's objects reach it: what only asks shares one client or pool, what waits has its own. */
export interface Connections {
  /** Where it is, for messages: `Redis at localhost:6379`. Never with a password. */
  readonly place: string;
  readonly shared: Redis | Pool;
  /** The event of {@link shared} when it has a connection. */
  readonly connected: 'connect' | 'ready';
  /** Prepares what has to be there before the first object is made. */
  prepare(): Promise<void>;
  own(): OwnConnection;
}

export function isPgPool(shared: object): shared is Pool {
  return 'query' in shared;
}
