import { join } from 'node:path';
import { bullmq, type TasksModuleRootOptions } from '../../../lib/index.js';
import { PostgresServer } from '../../support/servers/postgres-server.js';
import { RedisServer } from '../../support/servers/redis-server.js';
import { tempDirectory } from '../../module/support.js';

export type Kind = 'SQLite' | 'Redis' | 'PostgreSQL';
export const KINDS: readonly Kind[] = ['SQLite', 'Redis', 'PostgreSQL'];

/** An empty store: as the command line names it, and as an app does. */
export interface Place {
  readonly address: string;
  readonly options: TasksModuleRootOptions;
}

/** Makes empty stores of every kind. */
export class Places {
  private made = 0;

  private constructor(
    private readonly redis: RedisServer,
    private readonly postgres: PostgresServer,
  ) {}

  static async open(): Promise<Places> {
    const [redis, postgres] = await Promise.all([RedisServer.start(), PostgresServer.start()]);
    return new Places(redis, postgres);
  }

  async make(kind: Kind): Promise<Place> {
    this.made += 1;
    if (kind === 'SQLite') {
      const database = join(tempDirectory(), 'tasks.db');
      return { address: database, options: { database } };
    }
    if (kind === 'Redis') {
      const prefix = `store${this.made}`;
      const connection = { host: this.redis.host, port: this.redis.port };
      const address = `${this.redis.url}/0?prefix=${prefix}`;
      return { address, options: { database: undefined, engine: bullmq({ connection, prefix }) } };
    }
    const postgres = await this.postgres.createDatabase();
    return { address: postgres, options: { database: undefined, engine: bullmq({ postgres }) } };
  }

  /** Ends the server of a kind as a crash does, and starts it again on what it had written. */
  async crash(kind: Exclude<Kind, 'SQLite'>): Promise<void> {
    const server = kind === 'Redis' ? this.redis : this.postgres;
    await server.kill();
    await server.restart();
  }

  async remove(): Promise<void> {
    await Promise.all([this.redis.remove(), this.postgres.remove()]);
  }
}
