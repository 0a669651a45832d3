import { sleep } from '../../../clock/index.js';
import { messageOf, type TaskEvent } from '../../../contract/index.js';
import type {
  ConsumeOptions,
  Consumer,
  EngineChange,
  EngineContext,
  RunTask,
  TaskEngine,
  WatchOptions,
} from '../../port/index.js';
import { sqliteEngine } from '../sqlite-engine.js';
import { openConnection } from '../store/open-connection.js';
import { closeUnusedFiles } from '../store/raw-files.js';
import { storeError } from '../store/sqlite-errors.js';
import { ConsumerDesk } from './consumer-desk.js';
import type { AskedFacet, Question, ToApp } from './messages.js';
import type { ThreadOptions, ThreadPlace } from './thread-data.js';
import { ThreadLife } from './thread-life.js';

/** Between the end of a thread and the start of the next, and between two attempts to start it. */
const RESTART_AFTER_MS = 1_000;

type Listener = (change: EngineChange) => void;
type Hearer = (events: readonly TaskEvent[]) => void;

/**
 * The engine's thread as its callers know it: there is one from `open` to `close`, and a new one where one ends before.
 * Who asks while there is none waits for the next.
 *
 *     closed ──open()──> at work <──started── starting anew
 *                         │  │                      ▲
 *                close()──┘  └──the thread is gone──┘
 *
 * Where no thread can be had at first, the engine runs in place.
 */
export class StoreThread {
  /** Where no thread can be had. */
  inPlace: TaskEngine | null = null;
  private isOpen = false;
  private life: ThreadLife | null = null;
  private coming: Promise<ThreadLife> | null = null;
  private readonly gone: ThreadLife[] = [];
  private readonly desks = new Map<number, ConsumerDesk>();
  /** Each with whether it waits for a change. */
  private readonly listeners = new Map<Listener, boolean>();
  private readonly hearers = new Set<Hearer>();
  private nextDesk = 1;
  private currentPath = '';

  constructor(
    private readonly options: ThreadOptions,
    private readonly context: EngineContext,
    private readonly place: ThreadPlace,
  ) {}

  /** The one name of the file. @throws StoreError while the store is closed */
  get path(): string {
    this.assertOpen();
    return this.currentPath;
  }

  async open(): Promise<void> {
    if (this.isOpen) return;
    try {
      this.life = await this.start();
    } catch (error) {
      if (!(error instanceof NoThreadError)) throw error;
      this.context.logger.warn(
        `The task store runs in the app's own thread: ${error.message}. Where that is meant, say "thread: false".`,
      );
      this.inPlace ??= sqliteEngine(this.options, this.context);
      await this.inPlace.open();
    }
    this.isOpen = true;
  }

  async close(): Promise<void> {
    if (!this.isOpen) return;
    this.isOpen = false;
    try {
      if (this.inPlace) await this.inPlace.close();
      else await (this.life ?? (await this.coming?.catch(() => null)))?.close();
    } finally {
      this.life = null;
      for (const life of this.gone.splice(0)) life.forgetNotes();
      // What was read by this thread while the other had the file open.
      closeUnusedFiles();
    }
  }

  /** @throws StoreError where the store is closed, or the thread ends before it has answered */
  async ask(question: Question | (() => Question)): Promise<unknown> {
    this.assertOpen();
    return (this.life ?? (await this.coming!)).ask(question);
  }

  async call(facet: AskedFacet, method: string, args: readonly unknown[]): Promise<unknown> {
    if (!this.inPlace) return this.ask(['call', facet, method, args]);
    const target = this.inPlace[facet] as unknown as Record<string, (...args: readonly unknown[]) => unknown>;
    return target[method]!(...args);
  }

  async consume(queue: string, options: ConsumeOptions, run: RunTask): Promise<Consumer> {
    this.assertOpen();
    if (this.inPlace) return this.inPlace.delivering.consume(queue, options, run);
    const life = this.life ?? (await this.coming!);
    const { lease } = this.options;
    const { clock } = this.context;
    const desk = new ConsumerDesk(this.nextDesk++, queue, options, run, lease / 2, () => clock.now());
    this.desks.set(desk.id, desk);
    life.working = true;
    try {
      await desk.join(life);
    } catch (error) {
      this.forget(desk);
      throw error;
    }
    return { close: (grace) => this.leave(desk, grace) };
  }

  watch(listener: Listener, { soon = false }: WatchOptions = {}): () => void {
    this.assertOpen();
    if (this.inPlace) return this.inPlace.watching.watch(listener, { soon });
    this.listeners.set(listener, soon);
    this.tellOfListeners();
    return () => {
      if (this.listeners.delete(listener)) this.tellOfListeners();
    };
  }

  hear(hearer: Hearer): () => void {
    this.assertOpen();
    if (this.inPlace) return this.inPlace.watching.hear!(hearer);
    this.hearers.add(hearer);
    this.life?.channel.send(['hear', true]);
    return () => {
      this.hearers.delete(hearer);
      if (this.hearers.size === 0) this.life?.channel.send(['hear', false]);
    };
  }

  private tellOfListeners(life = this.life): void {
    const soon = [...this.listeners.values()].includes(true);
    life?.channel.send(['watch', this.listeners.size > 0, soon]);
  }

  private assertOpen(): void {
    if (!this.isOpen) throw storeError(new Error('it is not open'), 'The task store cannot be used');
  }

  private async leave(desk: ConsumerDesk, grace: number): Promise<void> {
    await desk.workers.close(grace);
    try {
      await this.life?.ask(['leave', desk.id]);
    } finally {
      this.forget(desk);
    }
  }

  private forget(desk: ConsumerDesk): void {
    this.desks.delete(desk.id);
    if (this.life) this.life.working = this.desks.size > 0;
  }

  /** @throws NoThreadError where there can be none, and whatever keeps the file from being opened */
  private async start(): Promise<ThreadLife> {
    const { database, ...options } = this.options;
    const former = this.gone.flatMap(({ workers }) => workers);
    const life = this.spawn({ ...options, keepFor: this.place.keepFor, flows: this.context.flows, former });
    try {
      // The tables are brought up to date here, as that takes TypeORM, which the thread is without.
      const connection = await openConnection(database, options.synchronous, this.context.logger);
      this.currentPath = connection.path;
      await connection.close();
      const version = await life.ready;
      const { entry, version: own } = this.place;
      // The first line of it: Node then tells who asked for a module that is missing.
      if (version === null) throw new NoThreadError(`${entry} cannot be run (${life.reason?.split('\n', 1)[0]})`);
      if (version !== own) {
        throw new NoThreadError(`${entry} is of version ${version}, and the library of ${own}: copy it anew`);
      }
      await life.ask(['open', connection.path]);
    } catch (error) {
      await life.discard();
      throw error;
    }
    life.working = this.desks.size > 0;
    if (this.listeners.size > 0) this.tellOfListeners(life);
    if (this.hearers.size > 0) life.channel.send(['hear', true]);
    return life;
  }

  private spawn(data: ConstructorParameters<typeof ThreadLife>[1]): ThreadLife {
    try {
      const life: ThreadLife = new ThreadLife(this.place.entry, data, this.place.maxHeap, {
        take: (message) => this.take(message, life),
        died: (reason) => this.died(life, reason),
      });
      return life;
    } catch (error) {
      throw new NoThreadError(messageOf(error));
    }
  }

  private take(message: ToApp, life: ThreadLife): void {
    switch (message[0]) {
      case 'deliver':
        return this.desks.get(message[1])?.deliver(message[2], life);
      case 'pause':
        return this.desks.get(message[1])?.workers.pause();
      case 'resize':
        return this.desks.get(message[1])?.workers.resize(message[2]);
      case 'abort':
        return this.desks.get(message[1])?.abort(message[2], message[3], message[4]);
      case 'stored':
        return this.desks.get(message[1])?.stored(message[2]);
      case 'changed':
        for (const listener of this.listeners.keys()) listener({ queue: message[1], taskIds: message[2] });
        return;
      case 'happened':
        for (const hear of this.hearers) hear(message[1]);
        return;
      case 'log':
        return this.log(message[1], message[2], message[3]);
    }
  }

  private log(level: 'log' | 'warn' | 'error', message: string, stack: string | null): void {
    const { logger } = this.context;
    if (level === 'error') logger.error(message, stack ?? undefined);
    else logger[level](message);
  }

  private died(life: ThreadLife, reason: string): void {
    if (life !== this.life) return;
    this.life = null;
    this.gone.push(life);
    for (const desk of this.desks.values()) desk.loseThread();
    this.context.logger.error(
      `The thread of the task store has ended: ${reason}. A new one is started; what this process was running is run again`,
    );
    this.startAnew();
  }

  private startAnew(): void {
    const coming = this.comeBack();
    this.coming = coming;
    coming.catch((error: unknown) => {
      if (!this.isOpen) return;
      this.context.logger.error(`The thread of the task store cannot be started, trying again: ${messageOf(error)}`);
      this.startAnew();
    });
  }

  private async comeBack(): Promise<ThreadLife> {
    await sleep(RESTART_AFTER_MS, undefined, { ref: this.desks.size > 0 });
    const life = await this.start();
    if (!this.isOpen) return life;
    this.life = life;
    await Promise.all([...this.desks.values()].map((desk) => desk.join(life)));
    return life;
  }
}

class NoThreadError extends Error {}
