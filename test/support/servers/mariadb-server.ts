import { execFile } from 'node:child_process';
import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { requireProgram } from './program.js';
import { ServerProcess, freePort } from './server-process.js';

const HOST = '127.0.0.1';

const run = promisify(execFile);

/** A MariaDB of the test's own, which speaks MySQL's protocol. Whoever reaches its port may do everything. */
export class MariadbServer {
  private databases = 0;

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly process: ServerProcess,
  ) {}

  static async start(): Promise<MariadbServer> {
    const folder = await mkdtemp(join(tmpdir(), 'tasks-mariadb-'));
    const data = join(folder, 'data');
    await mkdir(data);
    const user = process.getuid?.() === 0 ? ['--user=nobody'] : [];
    if (user.length > 0) {
      // As root it runs as an account that owns nothing else.
      const uid = Number((await run('id', ['-u', 'nobody'])).stdout);
      for (const path of [folder, data]) await chown(path, uid, -1);
    }
    const port = await freePort();
    const args = [`--datadir=${data}`, `--port=${port}`, `--bind-address=${HOST}`, '--skip-networking=0'];
    const files = [`--socket=${join(folder, 'socket')}`, `--pid-file=${join(folder, 'pid')}`];
    // An empty folder is enough for a server that has no accounts.
    const server = new ServerProcess(
      requireProgram('mariadbd'),
      ['--no-defaults', '--skip-grant-tables', ...args, ...files, ...user],
      { cwd: folder },
      () => execute(port, 'SELECT 1'),
    );
    const started = new MariadbServer(port, folder, server);
    await server.start();
    return started;
  }

  /** Makes an empty database and resolves to its name. */
  async createDatabase(): Promise<string> {
    this.databases += 1;
    const name = `test_${process.pid}_${this.databases}`;
    await execute(this.port, `CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
    return name;
  }

  /** Ends it and removes its data. */
  async remove(): Promise<void> {
    await this.process.end('SIGTERM');
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function execute(port: number, statement: string): Promise<void> {
  const connection = await createConnection({ host: HOST, port, user: 'root' });
  try {
    await connection.query(statement);
  } finally {
    await connection.end();
  }
}
