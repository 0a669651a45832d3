import type { Sharing } from '../../port/index.js';
import { readSecret, storeSecret } from '../sql/secret-rows.js';
import type { SqliteStore } from '../sqlite-store.js';

export class SqliteSharing implements Sharing {
  constructor(private readonly store: SqliteStore) {}

  async secret(name: string, proposed: string): Promise<string> {
    const { connection, writer } = this.store.opened;
    const known = await connection.read((database) => readSecret(database, name));
    return known ?? (await writer.write((transaction) => storeSecret(transaction, name, proposed)));
  }
}
