import type { Clock } from '../../../lib/clock/index.js';
import { type Task, TasksError } from '../../../lib/contract/index.js';
import type { TaskDispatcher } from '../../../lib/queueing/index.js';
import { type Asked, type LedgerWriter, type ProcessEvent, steadyNow } from '../ledger.js';
import type { AppDatabase } from './app-database.js';
import { type ChaosTasks, QUEUE_OF, type Queue } from './setup.js';

interface AskedSettings {
  readonly maxRetries?: number;
  /** Milliseconds. */
  readonly delay?: number;
  readonly priority?: number;
}

/** Where a process calls the library: what is acknowledged is noted, after the promise and never before it. */
export class Desk {
  private count = 0;

  /**
   * @param name of the process
   * @param app its own database, and whether tasks that are enqueued in a transaction there have yet to be relayed
   */
  constructor(
    private readonly name: string,
    private readonly ledger: LedgerWriter<ProcessEvent>,
    private readonly app: { readonly database: AppDatabase; readonly relays: boolean } | null,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** Names a task for good, whoever enqueues it. */
  key(): string {
    return `${this.name}:${(this.count += 1)}`;
  }

  async queue<Name extends keyof ChaosTasks>(
    tasks: TaskDispatcher,
    name: Name,
    params: ChaosTasks[Name],
    settings: AskedSettings = {},
  ): Promise<Task> {
    const from = steadyNow();
    const asked = this.asked(name, params, settings);
    const task = await tasks.queue<string>(QUEUE_OF[name], name, params, settings);
    this.acknowledge(task, from, asked);
    return task;
  }

  async queueMany(tasks: TaskDispatcher, name: 'quick' | 'brief', count: number, priority = 0): Promise<void> {
    const rows = Array.from({ length: count }, () => ({ key: this.key() }));
    const from = steadyNow();
    const stored = await tasks.queueMany(QUEUE_OF[name], name, rows, { priority });
    stored.forEach((task, index) => this.acknowledge(task, from, this.asked(name, rows[index]!, { priority })));
  }

  /** Enqueues a quick task in a transaction of the app. Without an app's database, as any other. */
  async queueWithin(tasks: TaskDispatcher, commits: boolean): Promise<void> {
    const params = { key: `${this.key()}:in-transaction` };
    if (!this.app) return void (await this.queue(tasks, 'quick', params));
    const { database, relays } = this.app;
    if (commits) {
      const from = steadyNow();
      const task = await database.commit((manager) => tasks.queue(QUEUE_OF.quick, 'quick', params, { manager }));
      this.acknowledge(task, from, this.asked('quick', params), relays);
    } else {
      await database.undo(async (manager) => {
        const { id } = await tasks.queue(QUEUE_OF.quick, 'quick', params, { manager });
        this.ledger.write({ event: 'rolled-back', at: steadyNow(), task: id });
      });
    }
  }

  async cancel(tasks: TaskDispatcher, id: string): Promise<void> {
    this.ledger.write({ event: 'cancelling', at: steadyNow(), task: id });
    const { state } = await tasks.cancel(id);
    if (state === 'cancelled') this.ledger.write({ event: 'cancelled', at: steadyNow(), task: id });
  }

  async pause(tasks: TaskDispatcher, queue: Queue): Promise<void> {
    this.ledger.write({ event: 'pausing', at: steadyNow(), queue });
    await tasks.pauseQueue(queue);
    this.ledger.write({ event: 'paused', at: steadyNow(), queue });
  }

  async resume(tasks: TaskDispatcher, queue: Queue): Promise<void> {
    this.ledger.write({ event: 'resuming', at: steadyNow(), queue });
    await tasks.resumeQueue(queue);
    this.ledger.write({ event: 'resumed', at: steadyNow(), queue });
  }

  /** Settles with `call`. That a store cannot be written is expected here, and that a task ended before it was cancelled. */
  async allow(call: Promise<unknown>): Promise<void> {
    try {
      await call;
    } catch (error) {
      const { name, message, code } = error as Error & { code?: unknown };
      const driver = typeof code === 'string' && code.startsWith('SQLITE_');
      if (!(error instanceof TasksError) && !driver) throw error;
      this.ledger.write({ event: 'refused', at: steadyNow(), error: `${name}: ${message}` });
    }
  }

  private asked(name: keyof ChaosTasks, params: object, { delay, priority = 0 }: AskedSettings = {}): Asked {
    const dueAt = delay === undefined ? null : this.clock.now() + delay;
    return { name, params: JSON.stringify(params), priority, dueAt };
  }

  private acknowledge({ id }: Task, from: number, asked: Asked, relayed = false): void {
    this.ledger.write({ event: 'acknowledged', at: steadyNow(), from, task: id, asked, relayed });
  }
}
