import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const START_PATIENCE_MS = 100_000;
const ANSI_COLOURS = new RegExp(String.raw`\u001b\[\d+m`, 'g');

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

/** A program that serves HTTP and says where on its standard output. */
export class ServerProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
    private readonly printed: () => string,
  ) {}

  /** Resolves when the program has printed the address that it listens on. */
  static async start(
    args: readonly string[],
    options: { cwd: string; env?: NodeJS.ProcessEnv },
  ): Promise<ServerProcess> {
    const env = { ...process.env, NODE_ENV: 'development', ...options.env };
    const child = spawn(process.execPath, args, { cwd: options.cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const url = await new Promise<string>((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`${args.join(' ')} ${why}:\n${output}`));
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        fail('did not say where it listens');
      }, START_PATIENCE_MS);
      const read = (chunk: Buffer): void => {
        output += chunk.toString().replace(ANSI_COLOURS, '');
        const address = /http:\/\/(?:127\.0\.0\.1|\[::1\]):\d+/.exec(output);
        if (!address) return;
        clearTimeout(timer);
        resolve(address[0]);
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('exit', (code) => {
        clearTimeout(timer);
        fail(`ended with code ${code}`);
      });
    });
    return new ServerProcess(child, url, () => output);
  }

  /** Everything that the program has printed. */
  get output(): string {
    return this.printed();
  }

  /** The key of the panel, which stands in the address that was printed; null where there is none. */
  get key(): string | null {
    return /#key=([\w-]+)/.exec(this.output)?.[1] ?? null;
  }

  get<T = unknown>(path: string): Promise<Answer<T>> {
    return this.request('GET', path);
  }

  post<T = unknown>(path: string, body?: object): Promise<Answer<T>> {
    return this.request('POST', path, body);
  }

  put<T = unknown>(path: string, body: object): Promise<Answer<T>> {
    return this.request('PUT', path, body);
  }

  delete<T = unknown>(path: string): Promise<Answer<T>> {
    return this.request('DELETE', path);
  }

  /** Ends the program and resolves to its exit code, or the signal that ended it. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exited = once(this.child, 'exit');
      this.child.kill(signal);
      await exited;
    }
    return this.child.exitCode ?? this.child.signalCode;
  }

  private async request<T>(method: string, path: string, body?: object): Promise<Answer<T>> {
    const headers = new Headers();
    if (this.key !== null) headers.set('authorization', `Bearer ${this.key}`);
    if (body) headers.set('content-type', 'application/json');
    const ask = (): Promise<Response> =>
      fetch(new URL(path, this.url), {
        method,
        redirect: 'manual',
        headers,
        ...(body && { body: JSON.stringify(body) }),
      });
    const response = await ask().catch((error: unknown) => {
      // A server that was kept from its work for its `keepAliveTimeout` closes a connection on which it is being asked.
      // Browsers ask again then.
      const { code } = (error as { cause?: { code?: string } }).cause ?? {};
      if (method === 'GET' && code === 'ECONNRESET') return ask();
      throw error;
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return { status: response.status, body: (isJson && text ? JSON.parse(text) : text) as T };
  }
}
