import type { EntityManager } from 'typeorm';
import type { Task } from '../../../contract/index.js';
import type { EnqueueAnswer, Enqueueing, NewTask } from '../../port/index.js';
import type { BullmqStore } from '../bullmq-store.js';
import { foreignManager } from '../foreign-manager.js';
import { readListed } from '../read-listed.js';

export class BullmqEnqueueing implements Enqueueing {
  constructor(private readonly store: BullmqStore) {}

  async enqueue(tasks: readonly NewTask[], within?: EntityManager): Promise<readonly EnqueueAnswer[]> {
    const { adder } = this.store.opened;
    if (within) throw foreignManager();
    return adder.add(tasks);
  }

  async existing(
    tasks: ReadonlyArray<Pick<NewTask, 'id' | 'queue'>>,
    within?: EntityManager,
  ): Promise<ReadonlyArray<Task | null>> {
    if (within) throw foreignManager();
    const { opened } = this.store;
    await opened.registry.refresh(true);
    return Promise.all(
      tasks.map(async ({ id, queue }) => {
        const listed = (await opened.lists.findIn(queue, id)) ?? (await opened.lists.find(id));
        return listed && readListed(opened, listed);
      }),
    );
  }

  async noteSensitive(paths: ReadonlyMap<string, readonly string[]>): Promise<void> {
    const { registry } = this.store.opened;
    if (paths.size === 0) return;
    const notes = [...paths].map(([name, list]): [string, string] => [`sensitive:${name}`, JSON.stringify(list)]);
    await registry.declare(Object.fromEntries(notes));
  }
}
