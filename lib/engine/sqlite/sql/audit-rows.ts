import { type AuditAction, type AuditEntry, type AuditPage, MAX_AUDIT_ENTRIES } from '../../../contract/index.js';
import { pageOf, placeOf } from '../../common/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';

export const INSERT_AUDIT = `INSERT INTO tasks_audit (at, who, action, target, changed) VALUES (?, ?, ?, ?, ?)`;
export const PRUNE_AUDIT = `DELETE FROM tasks_audit WHERE id <= ?`;
export const AUDIT_PAGE = `
  SELECT id, at, who, action, target, changed FROM tasks_audit WHERE id < ? ORDER BY id DESC LIMIT ?`;

interface Row extends AuditEntry {
  readonly id: number;
}

export function insertAudit(transaction: Transaction, { at, who, action, target, changed }: AuditEntry): void {
  const insert = statement<[number, string | null, AuditAction, string, number]>(transaction.database, INSERT_AUDIT);
  const { lastInsertRowid } = insert.run(at, who, action, target, changed);
  statement<[number]>(transaction.database, PRUNE_AUDIT).run(Number(lastInsertRowid) - MAX_AUDIT_ENTRIES);
}

/** @throws InvalidArgumentError for a cursor that is none */
export function auditPage(database: Database, { cursor, limit }: { cursor?: string; limit: number }): AuditPage {
  const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(placeOf('audit', cursor, /^\d{1,15}$/));
  const rows = statement<[number, number], Row>(database, AUDIT_PAGE).all(before, limit + 1);
  const { items, nextCursor } = pageOf('audit', rows, limit, ({ id }) => id);
  return { items: items.map(({ id: _, ...entry }) => entry), nextCursor };
}
