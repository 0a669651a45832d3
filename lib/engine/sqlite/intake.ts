import { StoreError } from '../../errors/index.js';
import type { NewTask } from '../task-engine.js';
import { insertTasks } from './statements/insert-tasks.js';
import type { Writer } from './writer.js';

/** Tasks of several calls are inserted together up to this many, so that the writer can let other work in between. */
const MOST_TOGETHER = 500;

/** Tasks that are stored together, and for whom. */
interface Batch {
  readonly tasks: NewTask[];
  calls: number;
  /** The latest of the callers' times. */
  now: number;
  stored: Promise<void>;
}

/**
 * Takes new tasks: what is enqueued by many callers in one turn of the event loop goes into the store by the same
 * statements, as if one had enqueued it all.
 */
export class Intake {
  private open: Batch | null = null;

  constructor(private readonly writer: Writer) {}

  /**
   * Stores tasks, all or none; resolves when that is durable.
   * @throws StoreError
   */
  async store(tasks: readonly NewTask[], now: number): Promise<void> {
    const batch = this.open && this.open.tasks.length < MOST_TOGETHER ? this.open : this.begin();
    for (const task of tasks) batch.tasks.push(task);
    batch.calls += 1;
    batch.now = Math.max(batch.now, now);
    try {
      await batch.stored;
    } catch (error) {
      // A task that cannot be stored must not take those of others with it.
      if (batch.calls === 1 || error instanceof StoreError) throw error;
      await this.writer.write((transaction) => insertTasks(transaction, tasks, now));
    }
  }

  private begin(): Batch {
    const batch: Batch = { tasks: [], calls: 0, now: -Infinity, stored: Promise.resolve() };
    batch.stored = this.writer
      .write((transaction) => {
        this.close(batch);
        insertTasks(transaction, batch.tasks, batch.now);
      })
      // One that is refused before it begins takes no more either: what came later would be refused with it.
      .finally(() => this.close(batch));
    return (this.open = batch);
  }

  private close(batch: Batch): void {
    if (this.open === batch) this.open = null;
  }
}
