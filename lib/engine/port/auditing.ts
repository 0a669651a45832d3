import type { AuditEntry, AuditPage } from '../../contract/index.js';

/** The record of what people changed. */
export interface Auditing {
  /** Adds an entry; of more than {@link MAX_AUDIT_ENTRIES} entries the oldest are dropped. */
  note(entry: AuditEntry): Promise<void>;
  /** One page of the record, the newest entry first. @throws InvalidArgumentError for a cursor that is none */
  page(page: { readonly cursor?: string; readonly limit: number }): Promise<AuditPage>;
}
