import type { MessagePort } from 'node:worker_threads';
import { setImmediate, SystemClock } from '../../../clock/index.js';
import type { EngineContext, TaskEngine } from '../../port/index.js';
import { engineOn } from '../engine-on.js';
import { SqliteStore } from '../sqlite-store.js';
import { attachConnection } from '../store/attach-connection.js';
import { loadDriver } from '../store/driver.js';
import { leaveFiles } from '../store/raw-files.js';
import { Channel, messagesOf } from './channel.js';
import { ExitGate } from './exit-gate.js';
import { flatten } from './flat-error.js';
import { type FlatNewTask, unflatNewTask } from './flat-tasks.js';
import type { GroupAnswer, Question, ToApp, ToThread } from './messages.js';
import type { RetentionTable, ThreadData } from './thread-data.js';
import { RemoteConsumer } from './remote-consumer.js';

/** The functions of an engine's context that need nothing of the app. */
export type LibraryFunctions = Pick<EngineContext, 'nextRun' | 'mask' | 'newId'>;

/** Runs the engine in this thread, for the one at the other end of `port`. */
export function serveEngine(port: MessagePort, data: ThreadData, library: LibraryFunctions, version: string): void {
  const server = new EngineServer(port, data, library);
  port.on('message', (text: string) => {
    for (const message of messagesOf<ToThread>(text)) server.take(message);
  });
  // What this thread does not find is told before it is relied on: the app's thread may have it, from elsewhere.
  loadDriver().then(
    () => server.channel.send(['ready', version]),
    (error: unknown) =>
      setImmediate(() => {
        throw error;
      }),
  );
}

class EngineServer {
  readonly channel: Channel<ToApp>;
  private readonly consumers = new Map<number, RemoteConsumer>();
  private opened: { readonly store: SqliteStore; readonly engine: TaskEngine } | null = null;
  private stopWatching: (() => void) | null = null;
  private stopHearing: (() => void) | null = null;

  constructor(
    private readonly port: MessagePort,
    private readonly data: ThreadData,
    private readonly library: LibraryFunctions,
  ) {
    this.channel = new Channel<ToApp>(port, (message, error) => {
      if (message[0] === 'answer') this.channel.send(['fault', message[1], flatten(error)]);
    });
  }

  take(message: ToThread): void {
    switch (message[0]) {
      case 'ask':
        return this.ask(message[1], message[2]);
      case 'want':
        return this.consumers.get(message[1])?.want(message[2], message[3], message[4]);
      case 'settle':
        return this.consumers.get(message[1])?.settle(message[2], message[3], message[4], message[5]);
      case 'completed':
        return this.consumers.get(message[1])?.complete(message[2], message[3], message[4]);
      case 'called':
        return this.consumers.get(message[1])?.called(message[2], message[3]);
      case 'report':
        return this.consumers.get(message[1])?.report(message[2], message[3], message[4]);
      case 'watch':
        return this.watch(message[1], message[2]);
      case 'hear':
        return this.hear(message[1]);
    }
  }

  private ask(number: number, question: Question): void {
    this.answer(question).then(
      (value) => {
        this.channel.send(['answer', number, value ?? null]);
        if (question[0] === 'close') this.end();
      },
      (error: unknown) => {
        this.channel.send(['fault', number, flatten(error)]);
        if (question[0] === 'close') this.end();
      },
    );
  }

  private async answer(question: Question): Promise<unknown> {
    switch (question[0]) {
      case 'open':
        return this.open(question[1]);
      case 'close':
        await this.engine.close();
        return leaveFiles();
      case 'enqueue': {
        const answers = await Promise.all(question[1].map((tasks) => this.enqueue(tasks)));
        return answers.every((answer) => answer === null) ? null : answers;
      }
      case 'note':
        return this.engine.enqueueing.noteSensitive(new Map(question[1]));
      case 'call': {
        const [, facet, method, args] = question;
        const target = this.engine[facet] as unknown as Record<string, (...args: readonly unknown[]) => unknown>;
        return target[method]!(...args);
      }
      case 'consume':
        return this.consume(question);
      case 'finish':
        return this.consumers.get(question[1])?.finish();
      case 'leave': {
        this.consumers.get(question[1])?.leave();
        this.consumers.delete(question[1]);
        return this.opened!.store.opened.workForce.leave();
      }
    }
  }

  private async enqueue(tasks: readonly FlatNewTask[]): Promise<GroupAnswer> {
    try {
      const answers = await this.engine.enqueueing.enqueue(tasks.map(unflatNewTask));
      return answers.every((answer) => answer === 'stored') ? null : answers;
    } catch (error) {
      return { fault: flatten(error) };
    }
  }

  private async open(path: string): Promise<void> {
    const { former, keepFor, flows, gate, ...options } = this.data;
    const context = { ...contextOf(this.channel, keepFor, this.library), ...(flows && { flows }) };
    const store = new SqliteStore({ ...options, database: path }, context, attachConnection, {
      former,
      gate: new ExitGate(gate),
      openStarts: (folder, id) => {
        this.channel.send(['registered', id, folder]);
        // What begins is noted by those who begin it.
        return { note: () => 0, release: () => undefined, close: () => this.channel.send(['unregistered', id]) };
      },
    });
    this.opened = { store, engine: engineOn(store, context) };
    await this.engine.open();
  }

  private get engine(): TaskEngine {
    return this.opened!.engine;
  }

  private async consume([, id, queue, options, demand, room]: Question & { 0: 'consume' }): Promise<void> {
    const { ticker, workForce } = this.opened!.store.opened;
    ticker.start();
    await workForce.join(queue, options, (host) => {
      const wanted = { demand, room, received: 0 };
      const consumer = new RemoteConsumer(id, queue, options, wanted, host, this.channel);
      this.consumers.set(id, consumer);
      return consumer;
    });
  }

  private watch(on: boolean, soon: boolean): void {
    this.stopWatching?.();
    this.stopWatching = on
      ? this.engine.watching.watch(({ queue, taskIds }) => this.channel.send(['changed', queue, taskIds]), { soon })
      : null;
  }

  private hear(on: boolean): void {
    this.stopHearing?.();
    this.stopHearing = on ? this.opened!.store.hear((events) => this.channel.send(['happened', events])) : null;
  }

  private end(): void {
    this.channel.flush();
    this.port.close();
  }
}

function contextOf(channel: Channel<ToApp>, table: RetentionTable, library: LibraryFunctions): EngineContext {
  const { nextRun, mask, newId } = library;
  const keptBy = (queue: string) => table.queues.get(queue) ?? table.others;
  return {
    nextRun,
    mask,
    newId,
    clock: new SystemClock(),
    keepFor: (queue, state) => keptBy(queue)[state],
    ...(table.others.atMost && { keepAtMost: (queue, state) => keptBy(queue).atMost?.[state] ?? null }),
    logger: {
      log: (message) => channel.send(['log', 'log', message, null]),
      warn: (message) => channel.send(['log', 'warn', message, null]),
      error: (message, stack) => channel.send(['log', 'error', message, stack ?? null]),
    },
  };
}
