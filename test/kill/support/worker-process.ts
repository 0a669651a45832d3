import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { TasksModuleRootOptions } from '../../../lib/config/index.js';
import type { WorkerMessage, WorkerSetup } from '../worker/setup.js';
import type { Ledger } from './ledger.js';

let started = 0;

export interface WorkerSurroundings {
  /** For objects that live, in megabytes; Node's own where it is left out. */
  readonly heapMb?: number;
  /** Variables of its environment, beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A process of its own that runs `../worker/main.ts` on a store. */
export class WorkerProcess {
  readonly name = `worker-${(started += 1)}`;
  /** Resolves when it works; rejects when it ends before. */
  readonly ready: Promise<void>;
  isReady = false;
  output = '';
  private isToEnd = false;
  private readonly child: ChildProcess;
  private readonly exited: Promise<void>;

  /**
   * @param program the compiled `../worker/main.ts`
   * @param options of its TasksModule
   */
  constructor(
    program: string,
    ledgerFile: string,
    options: TasksModuleRootOptions,
    private readonly ledger: Ledger,
    { heapMb, env = {} }: WorkerSurroundings = {},
  ) {
    const setup: WorkerSetup = { name: this.name, ledger: ledgerFile, options };
    const execArgv = heapMb === undefined ? process.execArgv : [`--max-old-space-size=${heapMb}`];
    this.child = fork(program, [JSON.stringify(setup)], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv,
      env: { ...process.env, ...env },
    });
    this.child.stdout!.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.child.stderr!.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    // `close`, not `exit`: by then all of its output is there.
    this.exited = once(this.child, 'close').then(() => undefined);
    this.ready = new Promise((resolve, reject) => {
      this.child.on('message', (message: WorkerMessage) => {
        if (message !== 'ready') return;
        this.isReady = true;
        resolve();
      });
      void this.exited.then(() => reject(new Error(`${this.name} ended before it worked:\n${this.output}`)));
    });
    this.ready.catch(() => undefined);
  }

  get pid(): number {
    return this.child.pid!;
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Whether it is gone, and nobody had killed it or asked it to end. */
  get endedItself(): boolean {
    return this.hasEnded && !this.isToEnd;
  }

  /** Kills it at once, whatever it is doing; resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.hasEnded) return;
    this.isToEnd = true;
    this.ledger.write({ event: 'gone', process: this.name });
    this.child.kill('SIGKILL');
    await this.exited;
  }

  /** Asks it to shut down; resolves to its exit code, or the signal that ended it. */
  async shutDown(): Promise<number | NodeJS.Signals | null> {
    this.isToEnd = true;
    if (!this.hasEnded) this.child.kill('SIGTERM');
    await this.exited;
    return this.child.exitCode ?? this.child.signalCode;
  }

  /** Stops it in its tracks, heartbeat and all. */
  freeze(): void {
    this.ledger.write({ event: 'gone', process: this.name });
    this.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.ledger.write({ event: 'back', process: this.name });
    this.child.kill('SIGCONT');
  }
}
