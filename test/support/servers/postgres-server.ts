import { execFile } from 'node:child_process';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { requireProgram } from './program.js';
import { ServerProcess, freePort } from './server-process.js';

const HOST = '127.0.0.1';
const USER = 'tasks';

const run = promisify(execFile);

interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/** A PostgreSQL of the test's own, as durable as it is by default. */
export class PostgresServer {
  private databases = 0;

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly process: ServerProcess,
  ) {}

  static async start(): Promise<PostgresServer> {
    const account = await unprivilegedAccount();
    const folder = await mkdtemp(join(tmpdir(), 'tasks-postgres-'));
    if (account.uid !== undefined) await chown(folder, account.uid, account.gid!);
    const options = { ...account, cwd: folder };
    const data = join(folder, 'data');
    const args = ['-D', data, '-U', USER, '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
    await run(requireProgram('initdb'), args, options);
    const port = await freePort();
    const process = new ServerProcess(
      requireProgram('postgres'),
      ['-D', data, '-p', String(port), '-h', HOST, '-k', folder, '-c', 'max_connections=300'],
      options,
      () => execute(port, 'SELECT 1'),
    );
    const server = new PostgresServer(port, folder, process);
    await process.start();
    return server;
  }

  /** Makes an empty database and resolves to its URL. */
  async createDatabase(): Promise<string> {
    this.databases += 1;
    const name = `test_${process.pid}_${this.databases}`;
    await execute(this.port, `CREATE DATABASE ${name}`);
    return urlOf(this.port, name);
  }

  /** Ends it in order, without waiting for its clients; what it has is on disk for {@link restart}. */
  stop(): Promise<void> {
    return this.process.end('SIGINT');
  }

  /** Ends it as a crash does. What it had forked notices by itself, before {@link restart} can use the data. */
  kill(): Promise<void> {
    return this.process.end('SIGKILL');
  }

  /** Starts it again on the same data and port, after having ended it in order where it runs. */
  async restart(): Promise<void> {
    await this.stop();
    const deadline = Date.now() + 30_000;
    for (;;) {
      try {
        return await this.process.start();
      } catch (error) {
        // After a kill, the forks still hold the shared memory for a moment.
        if (Date.now() > deadline || !String(error).includes('still in use')) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  /** Ends it and removes its data. */
  async remove(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

function urlOf(port: number, database: string): string {
  return `postgres://${USER}@${HOST}:${port}/${database}`;
}

async function execute(port: number, statement: string): Promise<void> {
  const client = new Client({ connectionString: urlOf(port, 'postgres') });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(statement);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** PostgreSQL refuses to run as root, so there it runs as an account that owns nothing else. */
async function unprivilegedAccount(): Promise<Account> {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => (await run('id', [flag, name])).stdout));
      return { uid: Number(uid), gid: Number(gid) };
    } catch {
      // There is no such account; the next one may be there.
    }
  }
  throw new Error('No account to run PostgreSQL as: neither postgres nor nobody exists');
}
