import type { KeyPage } from '../../../contract/index.js';
import type { EngineContext, FlowChange, Keying } from '../../port/index.js';
import { setFlow } from '../sql/set-flow.js';
import { readKeys } from '../sql/key-rows.js';
import type { SqliteStore } from '../sqlite-store.js';

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
}
