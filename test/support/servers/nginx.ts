import { connect } from 'node:net';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireProgram } from './program.js';
import { freePort, ServerProcess } from './server-process.js';

/** A real nginx before a server on this machine, with the lines that a test gives it and nothing else. */
export class Nginx {
  private constructor(
    readonly port: number,
    private readonly server: ServerProcess,
  ) {}

  /** @param inside of its `http`; `PORT` stands for where it listens */
  static async start(inside: string): Promise<Nginx> {
    const folder = mkdtempSync(join(tmpdir(), 'nestjs-tasks-nginx-'));
    const port = await freePort();
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    const lines = [
      // One process: nothing is left where it is killed.
      'daemon off;',
      'master_process off;',
      `pid ${folder}/nginx.pid;`,
      'events {}',
      'http {',
      'access_log off;',
      ...temporary.map((name) => `${name}_temp_path ${folder}/${name};`),
      inside.replaceAll('PORT', String(port)),
      '}',
    ];
    const file = join(folder, 'nginx.conf');
    writeFileSync(file, lines.join('\n'));
    const server = new ServerProcess(
      requireProgram('nginx'),
      ['-c', file, '-p', folder, '-e', `${folder}/error.log`],
      folder,
      {},
      () => canConnect(port),
    );
    await server.start();
    return new Nginx(port, server);
  }

  async stop(): Promise<void> {
    await this.server.remove('SIGTERM');
  }
}

function canConnect(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.end();
      resolve();
    });
    socket.once('error', reject);
  });
}
