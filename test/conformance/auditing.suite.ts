import { describe, expect } from 'vitest';
import { InvalidArgumentError, type AuditEntry } from '../../lib/contract/index.js';
import type { CaseTest } from './engine-case.js';
import { newTask } from './harness.js';

/** The record of what people did. */
export function describeAuditing(it: CaseTest): void {
  describe('the audit record', () => {
    const entryAfter =
      (start: number) =>
      (number: number): AuditEntry => ({
        at: start + number,
        who: number % 2 ? 'ada@example.com' : null,
        action: 'retry',
        target: `task ${number} "☃"`,
        changed: number,
      });

    it('is told in pages, the newest first, whichever process wrote it', async ({ engine, start, open }) => {
      const entry = entryAfter(start);
      expect(await engine.auditing.page({ limit: 5 })).toEqual({ items: [], nextCursor: null });
      const other = await open();
      for (let number = 0; number < 7; number += 1) await (number % 2 ? other : engine).auditing.note(entry(number));
      const first = await engine.auditing.page({ limit: 3 });
      expect(first.items).toEqual([entry(6), entry(5), entry(4)]);
      // Entries that come meanwhile do not move the pages.
      await engine.auditing.note(entry(7));
      const second = await engine.auditing.page({ limit: 3, cursor: first.nextCursor! });
      expect(second.items).toEqual([entry(3), entry(2), entry(1)]);
      expect(await engine.auditing.page({ limit: 3, cursor: second.nextCursor! })).toEqual({
        items: [entry(0)],
        nextCursor: null,
      });
      expect(await engine.inspecting.queues()).toEqual([]);
    });

    it('refuses a cursor that no page of it gave', async ({ engine, clock, start }) => {
      for (let number = 0; number < 2; number += 1) await engine.auditing.note(entryAfter(start)(number));
      const { nextCursor: own } = await engine.auditing.page({ limit: 1 });
      await engine.enqueueing.enqueue([newTask(clock), newTask(clock)]);
      const { nextCursor: foreign } = await engine.inspecting.list({}, { limit: 1 });
      for (const cursor of ['', 'nonsense', '-1', '9'.repeat(300), foreign!, `${own}!`, own!.slice(1)]) {
        await expect(engine.auditing.page({ limit: 1, cursor }), cursor).rejects.toThrow(InvalidArgumentError);
      }
    });
  });
}
