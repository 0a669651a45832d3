import { type PoolOptions, type PoolWorker, ThreadsPoolWorker } from 'vitest/node';

type Listener = (message: unknown) => void;

const STOPPED = { __vitest_worker_response__: true, type: 'stopped' };

let thread: ThreadsPoolWorker | null = null;

/**
 * A thread for specs that stays from run to run, and so from mutant to mutant: the library's modules are evaluated anew for
 * each spec, and what they import of packages, which takes ten times as long, is not.
 */
export class WarmWorker implements PoolWorker {
  readonly name = 'warm';
  private readonly heard: Array<readonly [event: string, listener: Listener]> = [];

  constructor(private readonly options: PoolOptions) {}

  async start(): Promise<void> {
    if (thread) return;
    thread = new ThreadsPoolWorker(this.options);
    await thread.start();
  }

  on(event: string, listener: Listener): void {
    thread!.on(event, listener);
    this.heard.push([event, listener]);
  }

  off(event: string, listener: Listener): void {
    thread!.off(event, listener);
  }

  send(message: { readonly type?: string }): void {
    if (message.type !== 'stop') thread!.send(message as never);
    else for (const [event, listener] of this.heard) if (event === 'message') queueMicrotask(() => listener(STOPPED));
  }

  async stop(): Promise<void> {
    for (const [event, listener] of this.heard) this.off(event, listener);
  }

  deserialize(data: unknown): unknown {
    return data;
  }
}
