import { type KeyPage, UPDATE_STATES } from '../../../contract/index.js';
import type { EngineContext, FlowChange, Keying } from '../../port/index.js';
import { findTask } from '../sql/act-on-tasks.js';
import { setFlow } from '../sql/set-flow.js';
import { readKeys } from '../sql/key-rows.js';
import { updateTask } from '../sql/update-task.js';
import type { SqliteStore } from '../sqlite-store.js';

/** Changed in one transaction; claims and enqueues of others come between. */
const BATCH = 200;

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
    const { writer, finder } = this.store.opened;
    let changed = 0;
    for await (const { found } of finder.walk({ queue, key }, UPDATE_STATES, BATCH, 'oldest')) {
      if (found.length === 0) continue;
      changed += await writer.write((transaction) => {
        const now = this.context.clock.now();
        const tasks = found.flatMap(({ seq }) => findTask(transaction, { seq }) ?? []);
        return tasks.filter((task) => updateTask(transaction, task, { priority }, now)).length;
      });
    }
    return changed;
  }
}
