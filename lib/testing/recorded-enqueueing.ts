import type { EntityManager } from 'typeorm';
import type { Task } from '../contract/index.js';
import type { EnqueueAnswer, Enqueueing, NewTask } from '../engine/port/index.js';
import { afterCommit } from './after-commit.js';

/** Tells of the tasks that are stored; what is enqueued in a transaction of any database is stored when that commits. */
export class RecordedEnqueueing implements Enqueueing {
  /** @param onStored called once they are in the store, with those that were not there before */
  constructor(
    private readonly inner: Enqueueing,
    private readonly onStored: (tasks: readonly NewTask[]) => Promise<void>,
  ) {}

  async enqueue(tasks: readonly NewTask[], within?: EntityManager): Promise<readonly EnqueueAnswer[]> {
    if (!within?.queryRunner?.isTransactionActive) return this.store(tasks);
    const present = await this.inner.existing(tasks);
    const isNew = tasks.map(({ mayExist }, index) => !mayExist || !present[index]);
    const added = tasks.filter((_, index) => isNew[index]);
    if (added.length > 0) afterCommit(within, async () => void (await this.store(added)));
    return isNew.map((stored) => (stored ? 'stored' : 'existing'));
  }

  existing(
    tasks: ReadonlyArray<Pick<NewTask, 'id' | 'queue'>>,
    _within?: EntityManager,
  ): Promise<ReadonlyArray<Task | null>> {
    return this.inner.existing(tasks);
  }

  noteSensitive(paths: ReadonlyMap<string, readonly string[]>): Promise<void> {
    return this.inner.noteSensitive(paths);
  }

  private async store(tasks: readonly NewTask[]): Promise<readonly EnqueueAnswer[]> {
    const answers = await this.inner.enqueue(tasks);
    await this.onStored(tasks.filter((_, index) => answers[index] === 'stored'));
    return answers;
  }
}
