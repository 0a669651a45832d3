import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MINUTE, START } from '../../../../test/conformance/harness.js';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import type { TaskResult } from '../../port/index.js';
import { nextResultExpiry, pruneResults, readResult } from './result-rows.js';

describe('What a handler returned', () => {
  let site: QuietStore;

  beforeEach(async () => void (site = await QuietStore.open()));
  afterEach(() => site.close());

  const masked = (value: unknown, paths: readonly string[]) => ({ value, paths });

  function completed(result: TaskResult | undefined): { id: string; seq: number; beside: number | null } {
    const [task] = site.store({});
    const [claimed] = site.claim();
    site.end(claimed!, { kind: 'completed', maxAttempts: 4, keepFor: null, ...(result && { result }) });
    const { seq, beside } = site.row(task!.id) as { seq: number; beside: number | null };
    return { id: task!.id, seq, beside };
  }

  it('is read with what is sensitive masked, where any is kept', () => {
    const plain = completed({ json: '{"a":1}', sensitive: [], keepFor: null });
    expect(readResult(site.database, plain, masked)).toEqual({ result: { a: 1 } });
    const hidden = completed({ json: '{"pin":1}', sensitive: ['pin'], keepFor: null });
    expect(readResult(site.database, hidden, masked)).toEqual({ result: { value: { pin: 1 }, paths: ['pin'] } });
    const none = completed(undefined);
    expect(none.beside).toBeNull();
    expect(readResult(site.database, none, masked)).toEqual({});
    // A task that has nothing beside it is not asked for.
    expect(readResult(site.database, { ...plain, beside: null }, masked)).toEqual({});
    expect(readResult(site.database, { ...none, beside: 1 }, masked)).toEqual({});
  });

  it('is deleted before its task where its own time is over, those first that are due first', () => {
    expect(nextResultExpiry(site.database)).toBeNull();
    const later = completed({ json: '1', sensitive: [], keepFor: 2 * MINUTE });
    expect(site.last.dueAt).toBe(START + 2 * MINUTE);
    const sooner = completed({ json: '2', sensitive: [], keepFor: MINUTE });
    completed({ json: '3', sensitive: [], keepFor: null });
    expect(nextResultExpiry(site.database)).toBe(START + MINUTE);
    expect(site.write((transaction) => pruneResults(transaction, START + 2 * MINUTE, 1))).toBe(1);
    expect(site.last.touched).toEqual(new Map([['default', [sooner.id]]]));
    expect(readResult(site.database, sooner, masked)).toEqual({});
    expect(readResult(site.database, later, masked)).toEqual({ result: 1 });
    expect(site.write((transaction) => pruneResults(transaction, START + 9 * MINUTE, 9))).toBe(1);
    expect(nextResultExpiry(site.database)).toBeNull();
  });

  it('is deleted where its task is gone, which is told to nobody', () => {
    site.run(`INSERT INTO tasks_result (task, value, expires_at) VALUES (77, '1', ?)`, START);
    expect(site.write((transaction) => pruneResults(transaction, START, 9))).toBe(1);
    expect(site.last.touched).toEqual(new Map());
  });
});
