import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { findProgram } from '../../test/support/servers/program.js';
import { PostgresServer } from '../../test/support/servers/postgres-server.js';
import { RedisServer } from '../../test/support/servers/redis-server.js';
import type { ContestantInfo } from '../contestant.js';
import { ROOT } from '../peers/folder.js';

/** In the repository, as that is on a real disk where a folder for temporary files may be in memory. */
export const DATA = join(ROOT, 'data', 'bench');

/** Empty stores for contestants, on a disk and on servers of the benchmarks' own. */
export class Stores {
  private readonly folder: string;
  private files = 0;
  private redis: Promise<RedisServer> | null = null;
  private postgres: Promise<PostgresServer> | null = null;

  constructor() {
    mkdirSync(DATA, { recursive: true });
    this.folder = mkdtempSync(join(DATA, 'run-'));
  }

  /** Why stores of a kind cannot be had; null where they can. */
  static missing(store: ContestantInfo['store']): string | null {
    if (store === 'redis' && !findProgram('redis-server')) return 'redis-server is not installed';
    if (store === 'postgres' && !findProgram('initdb')) return 'PostgreSQL is not installed';
    return null;
  }

  /** The address of an empty store. One on Redis empties the former. */
  async empty(store: ContestantInfo['store']): Promise<string> {
    if (store === 'file') {
      this.files += 1;
      return join(this.folder, `${this.files}.db`);
    }
    if (store === 'postgres') {
      this.postgres ??= PostgresServer.start();
      return (await this.postgres).createDatabase();
    }
    this.redis ??= RedisServer.start();
    const { url, port } = await this.redis;
    const client = new Redis({ port, host: '127.0.0.1' });
    await client.flushall();
    client.disconnect();
    return url;
  }

  /** Removes a store that nobody uses any more. */
  async remove(address: string): Promise<void> {
    if (address.startsWith('postgres:')) {
      const url = new URL(address);
      const name = url.pathname.slice(1);
      url.pathname = '/postgres';
      const client = new pg.Client({ connectionString: url.href });
      await client.connect();
      await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await client.end();
    } else if (!address.startsWith('redis:')) {
      for (const suffix of ['', '-wal', '-shm', '-journal', '-workers'])
        rmSync(`${address}${suffix}`, { recursive: true, force: true });
    }
  }

  async close(): Promise<void> {
    await (await this.redis)?.remove();
    await (await this.postgres)?.remove();
    if (existsSync(this.folder)) rmSync(this.folder, { recursive: true });
  }
}
