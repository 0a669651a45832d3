import type { KeyPage } from '../../../contract/index.js';
import type { FlowChange, Keying } from '../../port/index.js';
import { setFlow } from '../sql/set-flow.js';
import { readKeys } from '../sql/key-rows.js';
import type { SqliteStore } from '../sqlite-store.js';

export class SqliteKeying implements Keying {
  constructor(private readonly store: SqliteStore) {}

  async keys(queue: string, page: { readonly after?: string; readonly limit: number }): Promise<KeyPage> {
    return this.store.opened.connection.read((database) => readKeys(database, queue, page.after ?? '', page.limit));
  }

  async setFlow(queue: string, change: FlowChange): Promise<void> {
    const { writer, keySettler } = this.store.opened;
    await writer.write((transaction) => setFlow(transaction, queue, change));
    await keySettler.settle(queue);
  }
}
