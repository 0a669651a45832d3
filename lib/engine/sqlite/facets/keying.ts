import { type KeyPage, UPDATE_STATES } from '../../../contract/index.js';
import type { EngineContext, FlowChange, Keying } from '../../port/index.js';
import { findTask } from '../sql/act-on-tasks.js';
import { setFlow } from '../sql/set-flow.js';
import { readKeys } from '../sql/key-rows.js';
import { updateTask } from '../sql/update-task.js';
import type { SqliteStore } from '../sqlite-store.js';
import { changeFound } from './change-found.js';

export class SqliteKeying implements Keying {
  constructor(
    private readonly store: SqliteStore,
    private readonly context: Pick<EngineContext, 'clock'>,
  ) {}

  async keys(queue: string, page: { readonly after?: string; readonly limit: number }): Promise<KeyPage> {
    const now = this.context.clock.now();
    return this.store.opened.connection.read((database) => {
      return readKeys(database, queue, page.after ?? '', page.limit, now);
    });
  }

  async setFlow(queue: string, change: FlowChange): Promise<void> {
    const { writer, keySettler, workForce } = this.store.opened;
    await writer.write((transaction) => setFlow(transaction, queue, change));
    await workForce.resize();
    await keySettler.settle(queue);
  }

  /** Goes from the oldest to the newest: the first that is raised is the first to start. */
  async setKeyPriority(queue: string, key: string, priority: number): Promise<number> {
    return changeFound(this.store.opened, { queue, key }, UPDATE_STATES, 'oldest', (transaction, keys) => {
      const now = this.context.clock.now();
      const tasks = keys.flatMap((task) => findTask(transaction, task) ?? []);
      return tasks.filter((task) => updateTask(transaction, task, { priority }, now)).length;
    });
  }
}
