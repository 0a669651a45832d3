import type { EntityManager } from 'typeorm';
import { DuplicateTaskError, StoreError, type Task } from '../../../contract/index.js';
import type { EngineContext, EnqueueAnswer, Enqueueing, NewTask } from '../../port/index.js';
import { insertTasks, insertTasksWithin, insertUnlessRejected } from '../sql/insert-tasks.js';
import { readTask } from '../sql/read-tasks.js';
import { readWithin } from '../sql/read-within.js';
import { lapsesAt } from '../sql/task-traits.js';
import { saveSensitivePaths } from '../sql/name-rows.js';
import type { SqliteStore } from '../sqlite-store.js';
import type { Writer } from '../store/writer.js';

/** Tasks of several calls are inserted together up to this many, so that the writer can let other work in between. */
const MAX_TOGETHER = 500;

const NOTHING: Promise<readonly EnqueueAnswer[]> = Promise.resolve([]);

/** Tasks that are stored together, and for whom. */
interface Batch {
  readonly tasks: NewTask[];
  calls: number;
  /** The latest of the callers' times. */
  now: number;
  /** The answer for each of `tasks`. */
  stored: Promise<readonly EnqueueAnswer[]>;
}

export class SqliteEnqueueing implements Enqueueing {
  private readonly batcher = new InsertBatcher();

  constructor(
    private readonly store: SqliteStore,
    private readonly context: Pick<EngineContext, 'clock' | 'mask'>,
  ) {}

  async enqueue(tasks: readonly NewTask[], within?: EntityManager): Promise<readonly EnqueueAnswer[]> {
    const { connection, writer, lapser } = this.store.opened;
    if (tasks.length === 0) return [];
    const now = this.context.clock.now();
    if (within) connection.assertSameDatabase(within);
    // A manager that has no transaction open has nothing to commit together with.
    if (within?.queryRunner?.isTransactionActive) {
      for (const { traits } of tasks) if (traits) lapser.expect(lapsesAt(traits));
      return insertTasksWithin(within, tasks, now);
    }
    // Such a call is refused whole, which must not be seen by others.
    if (tasks.some(({ traits }) => traits?.unique?.onConflict === 'reject'))
      return storeUnlessRejected(writer, tasks, now);
    return this.batcher.store(writer, tasks, now);
  }

  async existing(
    tasks: ReadonlyArray<Pick<NewTask, 'id'>>,
    within?: EntityManager,
  ): Promise<ReadonlyArray<Task | null>> {
    const { mask, clock } = this.context;
    const now = clock.now();
    const { connection } = this.store.opened;
    if (within) connection.assertSameDatabase(within);
    if (within?.queryRunner?.isTransactionActive) return readWithin(within, tasks, mask, now);
    return connection.read((database) => tasks.map(({ id }) => readTask(database, id, mask, now)));
  }

  async noteSensitive(paths: ReadonlyMap<string, readonly string[]>): Promise<void> {
    const { writer } = this.store.opened;
    if (paths.size === 0) return;
    await writer.write((transaction) => {
      for (const [name, list] of paths) saveSensitivePaths(transaction, name, list);
    });
  }
}

async function storeUnlessRejected(
  writer: Writer,
  tasks: readonly NewTask[],
  now: number,
): Promise<readonly EnqueueAnswer[]> {
  const answers = await writer.write((transaction) => insertUnlessRejected(transaction, tasks, now));
  if (answers instanceof DuplicateTaskError) throw answers;
  return answers;
}

/**
 * Takes new tasks: what is enqueued by many callers in one turn of the event loop goes into the store by the same
 * statements, as if one had enqueued it all.
 */
class InsertBatcher {
  private open: Batch | null = null;

  /**
   * Stores tasks, all or none; resolves when that is durable, to what became of each.
   * @throws StoreError
   */
  async store(writer: Writer, tasks: readonly NewTask[], now: number): Promise<readonly EnqueueAnswer[]> {
    const batch = this.open && this.open.tasks.length < MAX_TOGETHER ? this.open : this.begin(writer);
    const first = batch.tasks.length;
    for (const task of tasks) batch.tasks.push(task);
    batch.calls += 1;
    batch.now = Math.max(batch.now, now);
    try {
      const answers = await batch.stored;
      return batch.calls === 1 ? answers : answers.slice(first, first + tasks.length);
    } catch (error) {
      // A task that cannot be stored must not take those of others with it.
      if (batch.calls === 1 || error instanceof StoreError) throw error;
      return writer.write((transaction) => insertTasks(transaction, tasks, now));
    }
  }

  private begin(writer: Writer): Batch {
    const batch: Batch = { tasks: [], calls: 0, now: -Infinity, stored: NOTHING };
    batch.stored = writer
      .write((transaction) => {
        this.close(batch);
        return insertTasks(transaction, batch.tasks, batch.now);
      })
      // One that is refused before it begins takes no more either: what came later would be refused with it.
      .finally(() => this.close(batch));
    return (this.open = batch);
  }

  private close(batch: Batch): void {
    if (this.open === batch) this.open = null;
  }
}
