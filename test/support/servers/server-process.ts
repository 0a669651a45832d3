import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';

/** How long a server may take until it takes connections, on a machine that is busy. */
const START_TIMEOUT_MS = 60_000;

/** A loopback port that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A server as a child of this process, that dies with it, and whose data goes with it. */
export class ServerProcess {
  private child: ChildProcess | undefined;
  private exited: Promise<void> = Promise.resolve();
  private readonly removeWithParent = (): void => {
    this.child?.kill('SIGKILL');
    // While it dies it may still write.
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  };

  /**
   * @param folder of all its data
   * @param isReady whether the server answers; asked again until it does. Rejecting means no.
   */
  constructor(
    private readonly command: string,
    private readonly args: readonly string[],
    private readonly folder: string,
    private readonly options: SpawnOptions,
    private readonly isReady: () => Promise<unknown>,
  ) {
    process.once('exit', this.removeWithParent);
  }

  /** Resolves when the server answers. */
  async start(): Promise<void> {
    const child = spawn(this.command, this.args, { ...this.options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let ended = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4_000)));
    }
    this.child = child;
    this.exited = new Promise((resolve) => {
      const end = (): void => {
        ended = true;
        resolve();
      };
      child.once('exit', end);
      child.once('error', end);
    });
    const deadline = Date.now() + START_TIMEOUT_MS;
    for (;;) {
      if (ended) throw new Error(`${this.command} ended while it started:\n${output}`);
      try {
        return void (await this.isReady());
      } catch (error) {
        if (Date.now() > deadline) throw new Error(`${this.command} does not answer:\n${output}`, { cause: error });
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  /** Ends the server by `signal` and resolves when it is gone; harmless where none runs. */
  async end(signal: NodeJS.Signals): Promise<void> {
    this.child?.kill(signal);
    await this.exited;
    this.child = undefined;
  }

  /** Ends it by `signal` and removes its data. */
  async remove(signal: NodeJS.Signals): Promise<void> {
    await this.end(signal);
    await rm(this.folder, { recursive: true, force: true });
    process.off('exit', this.removeWithParent);
  }
}
