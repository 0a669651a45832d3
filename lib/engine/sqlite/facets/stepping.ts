import type { EntityManager } from 'typeorm';
import { StepsNotSupportedError, type TaskSteps } from '../../../contract/index.js';
import type {
  EngineContext,
  NewSignal,
  StepAnswer,
  StepLease,
  StepPage,
  StepPlace,
  Stepping,
  StepRecord,
} from '../../port/index.js';
import { listSteps } from '../sql/listed-steps.js';
import { retryFrom } from '../sql/retry-from.js';
import { sendSignal, takeForAttempt } from '../sql/signal-rows.js';
import { leasedTask, putStep, readSteps } from '../sql/step-rows.js';
import type { SqliteStore } from '../sqlite-store.js';
import { AppTransactions } from '../store/app-transactions.js';

export class SqliteStepping implements Stepping {
  private transactions: AppTransactions | null = null;

  constructor(
    private readonly store: SqliteStore,
    private readonly context: Pick<EngineContext, 'clock' | 'mask'>,
  ) {}

  async read(lease: StepLease, after: StepPlace | null): Promise<StepPage> {
    return this.store.opened.connection.read((database) => readSteps(database, lease, after));
  }

  async record(lease: StepLease, step: StepRecord): Promise<boolean> {
    return this.store.opened.writer.write((transaction) => {
      const task = leasedTask(transaction.database, lease);
      if (!task) return false;
      putStep(transaction.database, task, lease.attempt, step);
      transaction.touch(lease.queue, lease.id);
      return true;
    });
  }

  async transact(
    lease: StepLease,
    place: StepPlace,
    run: (manager: EntityManager) => Promise<StepRecord>,
  ): Promise<boolean> {
    const { dataSource } = this.store;
    if (!dataSource) throw noAppDatabase();
    this.transactions ??= new AppTransactions(dataSource);
    return this.transactions.run(lease, place, run);
  }

  async take(lease: StepLease, wait: StepRecord): Promise<StepRecord | null> {
    const now = this.context.clock.now();
    return this.store.opened.writer.write((transaction) => takeForAttempt(transaction, lease, wait, now));
  }

  async signal(id: string, signal: NewSignal): Promise<StepAnswer> {
    const now = this.context.clock.now();
    return this.store.opened.writer.write((transaction) => sendSignal(transaction, id, signal, now));
  }

  async retryFrom(id: string, step: string): Promise<StepAnswer> {
    const now = this.context.clock.now();
    return this.store.opened.writer.write((transaction) => retryFrom(transaction, id, step, now));
  }

  async list(id: string): Promise<TaskSteps | null> {
    return this.store.opened.connection.read((database) => listSteps(database, id, this.context.mask));
  }
}

/** Where the tasks are in a file of their own, whether in this thread or in another. */
export function noAppDatabase(): StepsNotSupportedError {
  return new StepsNotSupportedError(
    'task.transaction records a step in the transaction of the app, and the tasks are in a file of their own: no one commit ' +
      "takes both. Keep the tasks in the app's database with TasksModule.forRoot({ dataSource: 'default' }) (a better-sqlite3 " +
      'file). Where the app has another database, use task.step, and store its key with the rows, as a unique column, so that a ' +
      'second run changes nothing.',
  );
}
