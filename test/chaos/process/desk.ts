import { type Task, type TaskDispatcher, TasksError } from '../../../lib/index.js';
import { type Expected, type LedgerWriter, type ProcessEvent, steadyNow } from '../ledger.js';
import type { AppDatabase } from './app-database.js';
import { type ChaosTasks, QUEUE_OF } from './setup.js';

export const COMPLETES: Expected = { state: 'completed', retried: 0 };

/** Where a process enqueues: what is acknowledged is noted, after the promise and never before it. */
export class Desk {
  private count = 0;

  /** @param name of the process */
  constructor(
    private readonly name: string,
    private readonly ledger: LedgerWriter<ProcessEvent>,
    private readonly app: AppDatabase | null,
  ) {}

  /** Names a task for good, whoever enqueues it. */
  key(): string {
    return `${this.name}:${(this.count += 1)}`;
  }

  async queue<Name extends keyof ChaosTasks>(
    tasks: TaskDispatcher,
    name: Name,
    params: ChaosTasks[Name],
    options: { maxRetries?: number; delay?: number; expected?: Expected } = {},
  ): Promise<Task> {
    const { expected = COMPLETES, ...settings } = options;
    const task = await tasks.queue<string>(QUEUE_OF[name], name, params, settings);
    this.acknowledge(task, expected);
    return task;
  }

  async queueMany(tasks: TaskDispatcher, count: number): Promise<void> {
    const rows = Array.from({ length: count }, () => ({ key: this.key() }));
    const stored = await tasks.queueMany(QUEUE_OF.quick, 'quick', rows);
    for (const task of stored) this.acknowledge(task, COMPLETES);
  }

  /** Enqueues a quick task in a transaction of the app. Without an app's database, as any other. */
  async queueWithin(tasks: TaskDispatcher, commits: boolean): Promise<void> {
    const params = { key: `${this.key()}:in-transaction` };
    if (!this.app) return void (await this.queue(tasks, 'quick', params));
    if (commits) {
      const task = await this.app.commit((manager) => tasks.queue(QUEUE_OF.quick, 'quick', params, { manager }));
      this.acknowledge(task, COMPLETES);
    } else {
      await this.app.undo(async (manager) => {
        const { id } = await tasks.queue(QUEUE_OF.quick, 'quick', params, { manager });
        this.ledger.write({ event: 'rolled-back', at: steadyNow(), task: id });
      });
    }
  }

  async cancel(tasks: TaskDispatcher, id: string): Promise<void> {
    const { state } = await tasks.cancel(id);
    if (state === 'cancelled') this.ledger.write({ event: 'cancelled', at: steadyNow(), task: id });
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

  private acknowledge({ id, params }: Task, expected: Expected): void {
    const { key } = params as { key: string };
    this.ledger.write({ event: 'acknowledged', at: steadyNow(), task: id, key, expected });
  }
}
