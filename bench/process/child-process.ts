import { fork, type ChildProcess as Forked } from 'node:child_process';
import { join } from 'node:path';
import { nodeOf } from '../peers/node.js';
import type { ContestantInfo } from '../contestant.js';
import type { Session } from './session.js';

/** Longest that an answer is waited for, unless the call says otherwise. */
const PATIENCE_MS = 120_000;
const EXIT_PATIENCE_MS = 2_000;

export type Method = {
  [K in keyof Session]: Session[K] extends (...args: never[]) => Promise<unknown> ? K : never;
}[keyof Session];

export interface Question {
  readonly id: number;
  readonly method: Method;
  readonly args: readonly unknown[];
}

export interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

const running = new Set<Forked>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A process that a contestant runs in, to be asked for what {@link Session} can do. */
export class ChildProcess {
  private readonly child: Forked;
  private readonly waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  private asked = 0;
  private output = '';
  private gone = false;

  constructor(node: ContestantInfo['node'] = 'current') {
    this.child = fork(join(import.meta.dirname, 'child.js'), [], {
      execPath: nodeOf(node),
      execArgv: [...process.execArgv, '--expose-gc', '--no-warnings'],
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on('data', (chunk: Buffer) => (this.output = (this.output + chunk.toString()).slice(-2_000)));
    }
    this.child.on('message', ({ id, result, error }: Answer) => {
      const waiting = this.waiting.get(id);
      this.waiting.delete(id);
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(new Error(error));
    });
    running.add(this.child);
    this.child.on('exit', () => {
      this.gone = true;
      running.delete(this.child);
      const last = reasonIn(this.output);
      for (const { reject } of this.waiting.values()) reject(new Error(`its process ended: ${last}`));
      this.waiting.clear();
    });
  }

  get isGone(): boolean {
    return this.gone;
  }

  get pid(): number {
    return this.child.pid!;
  }

  call<M extends Method>(method: M, ...args: Parameters<Session[M]>): Promise<Awaited<ReturnType<Session[M]>>> {
    return this.callWithin(PATIENCE_MS, method, ...args);
  }

  async callWithin<M extends Method>(
    milliseconds: number,
    method: M,
    ...args: Parameters<Session[M]>
  ): Promise<Awaited<ReturnType<Session[M]>>> {
    if (this.gone) throw new Error(`its process ended: ${reasonIn(this.output)}`);
    this.asked += 1;
    const id = this.asked;
    let timer: NodeJS.Timeout | undefined;
    const answered = new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      timer = setTimeout(() => {
        this.waiting.delete(id);
        reject(new Error(`no answer within ${milliseconds / 1_000} s`));
        this.child.kill('SIGKILL');
      }, milliseconds);
    });
    this.child.send({ id, method, args } satisfies Question);
    try {
      return (await answered) as Awaited<ReturnType<Session[M]>>;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Lets it exit by itself, so that the profile of `node --cpu-prof dist/bench/bench/main.js …` is written; one that does not is killed. */
  async end(): Promise<void> {
    if (this.gone) return;
    const exited = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
    if (this.child.connected) this.child.disconnect();
    const killing = setTimeout(() => this.child.kill('SIGKILL'), EXIT_PATIENCE_MS);
    await exited;
    clearTimeout(killing);
  }
}

/** The line of an output that says what went wrong. */
function reasonIn(output: string): string {
  const lines = output.split('\n').map((line) => line.trim());
  return lines.find((line) => /error/i.test(line)) ?? lines.findLast((line) => line !== '') ?? 'it said nothing';
}
