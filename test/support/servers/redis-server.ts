import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { requireProgram } from './program.js';
import { ServerProcess, freePort } from './server-process.js';

/** A Redis of the test's own, that writes an append-only file. */
export class RedisServer {
  readonly host = '127.0.0.1';

  private constructor(
    readonly port: number,
    private readonly process: ServerProcess,
  ) {}

  /** @param settings of its own, such as `{ appendfsync: 'always' }` */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), 'tasks-redis-'));
    const port = await freePort();
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--appendonly', 'yes', '--save', '', '--dir', folder];
    for (const [name, value] of Object.entries(settings)) args.push(`--${name}`, value);
    const process = new ServerProcess(requireProgram('redis-server'), args, folder, {}, () => ping(port));
    const server = new RedisServer(port, process);
    await process.start();
    return server;
  }

  get url(): string {
    return `redis://${this.host}:${this.port}`;
  }

  /** Ends it in order; what it has is on disk for {@link restart}. */
  stop(): Promise<void> {
    return this.process.end('SIGTERM');
  }

  /** Ends it as a crash does. */
  kill(): Promise<void> {
    return this.process.end('SIGKILL');
  }

  /** Starts it again on the same data and port, after having ended it in order where it runs. */
  async restart(): Promise<void> {
    await this.stop();
    await this.process.start();
  }

  /** Ends it and removes its data. */
  async remove(): Promise<void> {
    await this.process.remove('SIGKILL');
  }
}

async function ping(port: number): Promise<void> {
  const client = new Redis({ port, host: '127.0.0.1', lazyConnect: true, retryStrategy: null });
  // What the attempt fails with is what `connect` rejects with.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.ping();
  } finally {
    client.disconnect();
  }
}
