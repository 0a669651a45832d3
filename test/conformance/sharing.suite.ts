import { describe, expect } from 'vitest';
import type { CaseTest } from './engine-case.js';

/** What the processes of a store share. */
export function describeSharing(it: CaseTest): void {
  describe('a secret', () => {
    it('is what some process stored first, for all of them, also after they are gone', async ({ engine, open }) => {
      const others = await Promise.all([open(), open(), open()]);
      const proposals = [engine, ...others].map((process, number) => process.sharing.secret('key', `value-${number}`));
      const [secret, ...same] = await Promise.all(proposals);
      expect(secret).toMatch(/^value-[0-3]$/);
      expect(new Set(same)).toEqual(new Set([secret]));
      await Promise.all(others.map((process) => process.close()));
      const later = await open();
      expect(await later.sharing.secret('key', 'too late')).toBe(secret);
      expect(await later.sharing.secret('another', 'in time')).toBe('in time');
    });

    it('is shown in no list and counted in no queue', async ({ engine }) => {
      await engine.sharing.secret('key', 'hush');
      expect(await engine.inspecting.queues()).toEqual([]);
      expect((await engine.inspecting.list({}, { limit: 10 })).items).toEqual([]);
    });
  });
}
