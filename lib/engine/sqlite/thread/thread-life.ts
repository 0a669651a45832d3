import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { inCleanContext } from '../../../context/index.js';
import { StoreError, messageOf } from '../../../contract/index.js';
import { Starts, type StartNotes } from '../process/starts.js';
import { adoptFiles } from '../store/raw-files.js';
import { Channel, messagesOf } from './channel.js';
import { ExitGate } from './exit-gate.js';
import { unflatten } from './flat-error.js';
import type { Question, ToApp, ToThread } from './messages.js';
import type { ThreadData } from './thread-data.js';

/**
 * Nearly all that a thread makes is of use for one batch. By itself its part of the heap for what is new grows to three
 * times 16 MB, and saves no time by it.
 */
const MAX_YOUNG_HEAP_MB = 6;

interface Asked {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** What a thread says beside its answers. */
export interface ThreadListener {
  take(message: ToApp): void;
  /** It has ended without having been told to. */
  died(reason: string): void;
}

/** The name under which a thread has registered this process, and where its tasks' starts are noted. */
export interface Notes {
  readonly worker: string;
  readonly starts: StartNotes | null;
}

/**
 * One thread, from its start to its end, as the app's thread sees it.
 *
 *     starting ──ready──> at work ──close()──> ended
 *         └──────────┬───────┘
 *                    └──it fails, or somebody ends it──> dead: whoever waits for an answer is told
 */
export class ThreadLife {
  readonly channel: Channel<ToThread>;
  /** Names under which it has registered this process. */
  readonly workers: string[] = [];
  private readonly worker: Worker;
  private readonly gate = new ExitGate();
  private readonly asked = new Map<number, Asked>();
  private nextNumber = 1;
  private currentNotes: Notes | null = null;
  private fault: string | null = null;
  private isWorking = true;
  private closing = false;
  private ended = false;
  private readyVersion!: (version: string | null) => void;
  /** Version of what runs in it; null where it ended without having said so. */
  readonly ready = new Promise<string | null>((resolve) => (this.readyVersion = resolve));

  constructor(
    entry: string,
    data: Omit<ThreadData, 'gate'>,
    maxHeap: number | undefined,
    private readonly listener: ThreadListener,
  ) {
    this.worker = new Worker(entry, {
      workerData: { ...data, gate: this.gate.buffer } satisfies ThreadData,
      name: 'nestjs-tasks',
      // What an app preloads is for the app's own thread.
      execArgv: [],
      env: {},
      // To close any descriptor of a file takes all locks from it that the process has on it, those of other connections too.
      trackUnmanagedFds: false,
      resourceLimits: {
        maxYoungGenerationSizeMb: MAX_YOUNG_HEAP_MB,
        ...(maxHeap !== undefined && { maxOldGenerationSizeMb: maxHeap }),
      },
    });
    this.gate.watch();
    this.channel = new Channel<ToThread>(this.worker, (message, error) => {
      if (message[0] === 'ask') this.settle(message[1], (one) => one.reject(error));
    });
    this.worker.on('message', (text: string) => {
      inCleanContext(() => {
        for (const message of messagesOf<ToApp>(text)) this.take(message);
      });
    });
    this.worker.on('error', (error) => (this.fault = messageOf(error)));
    this.worker.on('exit', (code) => inCleanContext(() => this.end(this.fault ?? `it exited with code ${code}`)));
  }

  /** Why it has ended. */
  get reason(): string | null {
    return this.fault;
  }

  get notes(): Notes | null {
    return this.currentNotes;
  }

  /**
   * @param question or what makes it when it goes
   * @throws StoreError where the thread ends before it has answered
   */
  ask(question: Question | (() => Question)): Promise<unknown> {
    if (this.ended) return Promise.reject(deathOf(this.fault ?? 'it had ended before'));
    return new Promise((resolve, reject) => {
      const number = this.nextNumber++;
      this.asked.set(number, { resolve, reject });
      if (this.asked.size === 1) this.keepAwake();
      this.channel.send(() => ['ask', number, typeof question === 'function' ? question() : question]);
    });
  }

  /** Whether the process is to go on while this thread has nothing to answer. It is while the thread is being started. */
  set working(working: boolean) {
    this.isWorking = working;
    this.keepAwake();
  }

  async close(): Promise<void> {
    if (this.ended) return;
    this.closing = true;
    const exited = once(this.worker, 'exit');
    try {
      adoptFiles((await this.ask(['close'])) as readonly number[]);
    } finally {
      this.worker.ref();
      await exited;
    }
  }

  /** Ends a thread that is of no use. */
  async discard(): Promise<void> {
    this.closing = true;
    this.gate.shut();
    await this.worker.terminate();
  }

  /** Closes what was noted by this process, once the tasks of a thread that is gone were given back. */
  forgetNotes(): void {
    this.currentNotes?.starts?.close();
    this.currentNotes = null;
  }

  private take(message: ToApp): void {
    switch (message[0]) {
      case 'ready':
        return this.readyVersion(message[1]);
      case 'answer':
        return this.settle(message[1], (one) => one.resolve(message[2]));
      case 'fault':
        return this.settle(message[1], (one) => one.reject(unflatten(message[2])));
      case 'registered':
        this.forgetNotes();
        this.workers.push(message[1]);
        this.currentNotes = { worker: message[1], starts: Starts.open(message[2], message[1]) };
        return;
      case 'unregistered':
        if (this.currentNotes?.worker === message[1]) this.forgetNotes();
        return;
      default:
        return this.listener.take(message);
    }
  }

  private settle(number: number, how: (one: Asked) => void): void {
    const one = this.asked.get(number);
    if (!one) return;
    this.asked.delete(number);
    if (this.asked.size === 0) this.keepAwake();
    how(one);
  }

  private keepAwake(): void {
    if (this.isWorking || this.asked.size > 0) this.worker.ref();
    else this.worker.unref();
  }

  private end(reason: string): void {
    this.gate.forget();
    this.ended = true;
    this.readyVersion(null);
    this.fault ??= reason;
    const asked = [...this.asked.values()];
    this.asked.clear();
    for (const { reject } of asked) reject(deathOf(reason));
    if (!this.closing) this.listener.died(reason);
  }
}

function deathOf(reason: string): StoreError {
  return new StoreError(
    `The thread of the task store has ended (${reason}). It cannot be told whether this was stored`,
  );
}
