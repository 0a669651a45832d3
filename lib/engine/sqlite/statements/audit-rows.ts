import { InvalidArgumentError } from '../../../errors/index.js';
import { MOST_AUDIT_ENTRIES, type AuditAction, type AuditEntry, type AuditPage } from '../../task-engine.js';
import type { Database } from '../connection.js';
import { statement } from '../statement.js';
import type { Transaction } from '../transaction.js';

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
  statement<[number]>(transaction.database, PRUNE_AUDIT).run(Number(lastInsertRowid) - MOST_AUDIT_ENTRIES);
}

/** @throws InvalidArgumentError for a cursor that is none */
export function auditPage(database: Database, { cursor, limit }: { cursor?: string; limit: number }): AuditPage {
  const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : decode(cursor);
  const rows = statement<[number, number], Row>(database, AUDIT_PAGE).all(before, limit + 1);
  const shown = rows.slice(0, limit);
  return {
    items: shown.map(({ id: _, ...entry }) => entry),
    nextCursor: rows.length > limit ? encode(shown.at(-1)!.id) : null,
  };
}

function encode(before: number): string {
  return Buffer.from(`audit:${before}`).toString('base64url');
}

function decode(cursor: string): number {
  const match = /^audit:(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (match) return Number(match[1]);
  throw new InvalidArgumentError('cursor', 'cursor is none that a page of the audit record gave as its nextCursor.');
}
