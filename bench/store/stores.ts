import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
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
  /** By contestant. */
  private readonly databases = new Map<string, string>();
  private redis: Promise<RedisServer> | null = null;
  private postgres: Promise<PostgresServer> | null = null;

  constructor() {
    mkdirSync(DATA, { recursive: true });
    this.folder = mkdtempSync(join(DATA, 'run-'));
    process.on('exit', () => rmSync(this.folder, { recursive: true, force: true }));
  }

  /** Why stores of a kind cannot be had; null where they can. */
  static missing(store: ContestantInfo['store']): string | null {
    if (store === 'redis' && !findProgram('redis-server')) return 'redis-server is not installed';
    if (store === 'postgres' && !findProgram('initdb')) return 'PostgreSQL is not installed';
    return null;
  }

  /** The address of an empty store. On a server it is the one that `contestant` had before, which is emptied. */
  async empty({ name, store }: ContestantInfo): Promise<string> {
    if (store === 'file') {
      this.files += 1;
      return join(this.folder, `${this.files}.db`);
    }
    return store === 'redis' ? this.emptyRedis() : this.emptyDatabase(name);
  }

  /** Removes a store that nobody uses any more; one on a server stays for the next time. */
  async remove(address: string): Promise<void> {
    if (/^(redis|postgres):/.test(address)) return;
    for (const suffix of ['', '-wal', '-shm', '-journal', '-workers']) {
      rmSync(`${address}${suffix}`, { recursive: true, force: true });
    }
  }

  async close(): Promise<void> {
    await (await this.redis)?.remove();
    await (await this.postgres)?.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async emptyRedis(): Promise<string> {
    this.redis ??= RedisServer.start();
    const { url, port } = await this.redis;
    const client = new Redis({ port, host: '127.0.0.1' });
    await client.flushall();
    client.disconnect();
    return url;
  }

  private async emptyDatabase(contestant: string): Promise<string> {
    this.postgres ??= PostgresServer.start();
    const former = this.databases.get(contestant);
    if (former) {
      await dropAll(former);
      return former;
    }
    const made = await (await this.postgres).createDatabase();
    this.databases.set(contestant, made);
    return made;
  }
}

/** Leaves a database as it was when it was created, which is done sooner than to create another. */
async function dropAll(address: string): Promise<void> {
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  try {
    await client.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    const { rows } = await client.query<{ name: string }>(
      `SELECT nspname AS name FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'`,
    );
    for (const { name } of rows) await client.query(`DROP SCHEMA "${name}" CASCADE`);
    await client.query('CREATE SCHEMA public');
  } finally {
    await client.end();
  }
}
