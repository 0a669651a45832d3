import type { AuditEntry, AuditPage } from '../../../contract/index.js';
import type { Auditing } from '../../port/index.js';
import { auditPage, insertAudit } from '../sql/audit-rows.js';
import type { SqliteStore } from '../sqlite-store.js';

export class SqliteAuditing implements Auditing {
  constructor(private readonly store: SqliteStore) {}

  async note(entry: AuditEntry): Promise<void> {
    await this.store.opened.writer.write((transaction) => insertAudit(transaction, entry));
  }

  async page(page: { readonly cursor?: string; readonly limit: number }): Promise<AuditPage> {
    return this.store.opened.connection.read((database) => auditPage(database, page));
  }
}
