import { execFile } from 'node:child_process';
import { chown, mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { executeOnMariadb } from './mariadb-database.js';
import { requireProgram } from './program.js';
import { ServerProcess, freePort } from './server-process.js';

const HOST = '127.0.0.1';

const run = promisify(execFile);

/** A MariaDB, which speaks MySQL's protocol. Whoever reaches its port may do everything. */
export class MariadbServer {
  private constructor(
    readonly port: number,
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
      folder,
      { cwd: folder },
      () => executeOnMariadb(port, 'SELECT 1'),
    );
    const started = new MariadbServer(port, server);
    await server.start();
    return started;
  }

  /** Ends it and removes its data. */
  async remove(): Promise<void> {
    // At once, without writing what is removed next.
    await this.process.remove('SIGKILL');
  }
}
