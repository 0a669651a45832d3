import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MINUTE, START } from '../../../../test/conformance/harness.js';
import { StatementSite } from '../../../../test/support/statement-site.js';
import type { TaskResult } from '../../port/index.js';
import { nextResultExpiry, pruneResults, readResult } from './result-rows.js';

describe('What a handler returned', () => {
  let site: StatementSite;

  beforeEach(async () => {
    site = await StatementSite.open();
  });
  afterEach(() => site.close());

  const masked = (value: unknown, paths: readonly string[]) => ({ value, paths });

  async function completed(
    result: TaskResult | undefined,
  ): Promise<{ id: string; seq: number; beside: number | null }> {
    const [task] = await site.add({});
    const [claimed] = await site.claim(1);
    await site.end(claimed!, { kind: 'completed', maxAttempts: 4, keepFor: null, ...(result && { result }) });
    const { seq, beside } = site.row(task!.id) as { seq: number; beside: number | null };
    return { id: task!.id, seq, beside };
  }

  it('is read with what is sensitive masked, where any is kept', async () => {
    const plain = await completed({ json: '{"a":1}', sensitive: [], keepFor: null });
    expect(readResult(site.database, plain, masked)).toEqual({ result: { a: 1 } });
    const hidden = await completed({ json: '{"pin":1}', sensitive: ['pin'], keepFor: null });
    expect(readResult(site.database, hidden, masked)).toEqual({ result: { value: { pin: 1 }, paths: ['pin'] } });
    const none = await completed(undefined);
    expect(none.beside).toBeNull();
    expect(readResult(site.database, none, masked)).toEqual({});
    // A task that has nothing beside it is not asked for.
    expect(readResult(site.database, { ...plain, beside: null }, masked)).toEqual({});
    expect(readResult(site.database, { ...none, beside: 1 }, masked)).toEqual({});
  });

  it('is deleted before its task where its own time is over, those first that are due first', async () => {
    expect(nextResultExpiry(site.database)).toBeNull();
    const later = await completed({ json: '1', sensitive: [], keepFor: 2 * MINUTE });
    expect(site.told.dueAt).toBe(START + 2 * MINUTE);
    const sooner = await completed({ json: '2', sensitive: [], keepFor: MINUTE });
    await completed({ json: '3', sensitive: [], keepFor: null });
    expect(nextResultExpiry(site.database)).toBe(START + MINUTE);
    expect(await site.run((transaction) => pruneResults(transaction, START + 2 * MINUTE, 1))).toBe(1);
    expect(site.told.touched).toEqual(new Map([['default', [sooner.id]]]));
    expect(readResult(site.database, sooner, masked)).toEqual({});
    expect(readResult(site.database, later, masked)).toEqual({ result: 1 });
    expect(await site.run((transaction) => pruneResults(transaction, START + 9 * MINUTE, 9))).toBe(1);
    expect(nextResultExpiry(site.database)).toBeNull();
  });

  it('is deleted where its task is gone, which is told to nobody', async () => {
    site.set(`INSERT INTO tasks_result (task, value, expires_at) VALUES (77, '1', ?)`, START);
    expect(await site.run((transaction) => pruneResults(transaction, START, 9))).toBe(1);
    expect(site.told.touched).toEqual(new Map());
  });
});
