import { join } from 'node:path';
import { bullmq } from '../../../lib/engine/bullmq/index.js';
import type { TasksModuleRootOptions } from '../../../lib/config/index.js';
import { SharedPostgres } from '../../support/servers/shared-postgres.js';
import { SharedRedis } from '../../support/servers/shared-redis.js';
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
  private constructor(
    private readonly redis: SharedRedis,
    private readonly postgres: SharedPostgres,
  ) {}

  static async open(): Promise<Places> {
    const [redis, postgres] = await Promise.all([SharedRedis.join(), SharedPostgres.join()]);
    return new Places(redis, postgres);
  }

  async make(kind: Kind): Promise<Place> {
    if (kind === 'SQLite') {
      const database = join(tempDirectory(), 'tasks.db');
      return { address: database, options: { database } };
    }
    if (kind === 'Redis') {
      const prefix = this.redis.createPrefix();
      const { connection } = this.redis;
      const address = `${this.redis.url}/0?prefix=${prefix}`;
      return { address, options: { database: undefined, engine: bullmq({ connection, prefix }) } };
    }
    const postgres = await this.postgres.createDatabase();
    return { address: postgres, options: { database: undefined, engine: bullmq({ postgres }) } };
  }
}
