import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import { InvalidArgumentError, MAX_AUDIT_ENTRIES } from '../../../contract/index.js';
import { auditPage, insertAudit } from './audit-rows.js';

let site: QuietStore;

beforeEach(async () => void (site = await QuietStore.open()));
afterEach(() => site.close());

describe('The record of what was done', () => {
  const audit = (at: number) =>
    site.write((transaction) =>
      insertAudit(transaction, { at, who: null, action: 'retry', target: `t${at}`, changed: at }),
    );

  it('is told in pages, the newest first', () => {
    for (const at of [1, 2, 3]) audit(at);
    site.run('UPDATE tasks_audit SET id = id + 10');
    const first = auditPage(site.database, { limit: 2 });
    expect(first.items).toEqual([
      { at: 3, who: null, action: 'retry', target: 't3', changed: 3 },
      { at: 2, who: null, action: 'retry', target: 't2', changed: 2 },
    ]);
    const second = auditPage(site.database, { limit: 2, cursor: first.nextCursor! });
    expect(second).toEqual({ items: [expect.objectContaining({ at: 1 })], nextCursor: null });
    expect(auditPage(site.database, { limit: 3 }).nextCursor).toBeNull();
    for (const cursor of [
      'x',
      Buffer.from('audit:1x').toString('base64url'),
      Buffer.from('audit:x1').toString('base64url'),
    ]) {
      expect(() => auditPage(site.database, { limit: 2, cursor })).toThrow(InvalidArgumentError);
    }
  });

  it('forgets what is older than so many', () => {
    audit(1);
    site.run('UPDATE sqlite_sequence SET seq = ? WHERE name = ?', MAX_AUDIT_ENTRIES, 'tasks_audit');
    site.run('UPDATE tasks_audit SET id = 1');
    site.run(
      'INSERT INTO tasks_audit (id, at, action, target, changed) VALUES (?, 2, ?, ?, 1)',
      MAX_AUDIT_ENTRIES,
      'retry',
      't',
    );
    audit(3);
    expect(auditPage(site.database, { limit: 9 }).items.map(({ at }) => at)).toEqual([3, 2]);
  });
});
