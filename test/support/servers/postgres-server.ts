import { execFile } from 'node:child_process';
import { chown, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createPostgresDatabase, executeOnPostgres, POSTGRES_USER } from './postgres-database.js';
import { requireProgram } from './program.js';
import { ServerProcess, freePort } from './server-process.js';

const HOST = '127.0.0.1';

const run = promisify(execFile);

interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/** A PostgreSQL of the test's own, as durable as it is by default: to be stopped, killed or started again. */
export class PostgresServer {
  private constructor(
    readonly port: number,
    private readonly process: ServerProcess,
  ) {}

  /** @param settings of its own, such as `{ fsync: 'off' }` */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<PostgresServer> {
    const account = await unprivilegedAccount();
    const folder = await mkdtemp(join(tmpdir(), 'tasks-postgres-'));
    if (account.uid !== undefined) await chown(folder, account.uid, account.gid!);
    const options = { ...account, cwd: folder };
    const data = join(folder, 'data');
    const args = ['-D', data, '-U', POSTGRES_USER, '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
    await run(requireProgram('initdb'), args, options);
    const port = await freePort();
    const set = Object.entries({ max_connections: '300', ...settings }).flatMap(([name, value]) => [
      '-c',
      `${name}=${value}`,
    ]);
    const process = new ServerProcess(
      requireProgram('postgres'),
      ['-D', data, '-p', String(port), '-h', HOST, '-k', folder, ...set],
      folder,
      options,
      () => executeOnPostgres(port, 'SELECT 1'),
    );
    const server = new PostgresServer(port, process);
    await process.start();
    return server;
  }

  /** Makes an empty database and resolves to its URL. */
  createDatabase(): Promise<string> {
    return createPostgresDatabase(this.port);
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
    // At once, without writing what is removed next.
    await this.process.remove('SIGQUIT');
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
