import type { DataSource, EntityManager } from 'typeorm';
import { sleep } from '../../../clock/index.js';
import { StoreError } from '../../../contract/index.js';
import type { StepLease, StepPlace, StepRecord } from '../../port/index.js';
import { insertStep, leasedTask, putStep } from '../sql/step-rows.js';
import { databaseOf } from './app-data-source.js';
import { patiently } from './retry-while-busy.js';
import { HostTransactionError, storeError } from './sqlite-errors.js';
import { statement } from './statement.js';

export const STEP_AT_PLACE = `
  SELECT 1 FROM tasks_step JOIN tasks_task ON seq = task
   WHERE tasks_task.id = ? AND tasks_step.kind = ? AND tasks_step.name = ? AND tasks_step.number = ?
     AND tasks_step.finished_at IS NOT NULL`;

const LOOK_AGAIN_AFTER_MS = 2;

/** Takes back what a transaction did whose lease had been lost. */
class LeaseLost extends Error {}

/**
 * Transactions on the app's own connection, in each of which a step is recorded. TypeORM has one connection to a SQLite file:
 * what two calls begin on it at once would be one transaction, so that one is rolled back with the other. So these run one
 * after another, and none while the app has a transaction open.
 */
export class AppTransactions {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly dataSource: DataSource) {}

  /** Resolves to false where the lease was lost. @throws StoreError, and what `run` throws */
  run(lease: StepLease, place: StepPlace, run: (manager: EntityManager) => Promise<StepRecord>): Promise<boolean> {
    const turn = this.last.then(() => this.transact(lease, place, run));
    this.last = turn.catch(() => undefined);
    return turn;
  }

  private async transact(
    lease: StepLease,
    place: StepPlace,
    run: (manager: EntityManager) => Promise<StepRecord>,
  ): Promise<boolean> {
    const state = { isThrown: false, thrown: undefined as unknown };
    const guarded = async (manager: EntityManager): Promise<StepRecord> => {
      try {
        return await run(manager);
      } catch (thrown) {
        Object.assign(state, { isThrown: true, thrown });
        throw thrown;
      }
    };
    try {
      await patiently(async () => {
        // What `run` itself has thrown is not tried again, whatever it looks like.
        if (!state.isThrown) await this.attempt(lease, place, guarded);
      });
    } catch (error) {
      if (state.isThrown) throw state.thrown;
      if (error instanceof LeaseLost) return false;
      throw storeError(error, 'The step was not recorded, and what its transaction did was taken back');
    }
    if (state.isThrown) throw state.thrown;
    await this.assertRecorded(lease, place);
    return true;
  }

  /** The lease is looked at under the write lock, which is taken first: what `run` reads is not outdated when it writes. */
  private async attempt(
    lease: StepLease,
    place: StepPlace,
    run: (manager: EntityManager) => Promise<StepRecord>,
  ): Promise<void> {
    const { dataSource } = this;
    if (databaseOf(dataSource).inTransaction) throw new HostTransactionError();
    await dataSource.transaction(async (manager) => {
      const database = databaseOf(dataSource);
      const task = leasedTask(database, lease);
      if (!task) throw new LeaseLost();
      putStep(database, task, lease.attempt, begun(place));
      const record = await run(manager);
      // It may have deleted the task itself, or have ended the transaction and with it the lock.
      if (!leasedTask(database, lease)) throw new LeaseLost();
      insertStep(database, task.seq, lease.attempt, record);
    });
  }

  /** Where the app began a transaction at the same moment, ours was a part of it, and is taken back with it. */
  private async assertRecorded({ id }: StepLease, { kind, name, number }: StepPlace): Promise<void> {
    const database = databaseOf(this.dataSource);
    while (database.inTransaction) await sleep(LOOK_AGAIN_AFTER_MS);
    const found = statement<[string, string, string, number]>(database, STEP_AT_PLACE).get(id, kind, name, number);
    if (found) return;
    throw new StoreError(
      'The step was not recorded: its transaction was part of another one on the same connection, which was rolled back.',
    );
  }
}

/** Stands for the step while its function runs; no other connection sees it. */
function begun(place: StepPlace): StepRecord {
  return { ...place, position: 0, result: null, sensitive: [], wait: null, startedAt: 0, finishedAt: null };
}
