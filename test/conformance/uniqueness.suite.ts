import { describe, expect } from 'vitest';
import { DuplicateTaskError, type UniqueClaim } from '../../lib/contract/index.js';
import type { NewTask } from '../../lib/engine/port/index.js';
import type { CaseTest, EngineCase } from './engine-case.js';
import { CONSUME, Deliveries, completed, failed, newTask, retryAt } from './harness.js';

/** Unique keys, where the engine declares them. */
export function describeUniqueness(it: CaseTest): void {
  /** A test of claims, where the engine carries them. */
  const ofClaims = (
    name: string,
    claims: readonly UniqueClaim[],
    test: (opened: EngineCase, ...tasks: readonly ((more?: Partial<NewTask>) => NewTask)[]) => Promise<void>,
  ): void =>
    it(name, async (opened) => {
      if (!opened.engine.capabilities.uniqueKeys) return;
      const makers = claims.map((unique) => (more: Partial<NewTask> = {}) => {
        return newTask(opened.clock, { ...more, traits: { ...more.traits, unique } });
      });
      await test(opened, ...makers);
    });

  const UNTIL_ENDED: UniqueClaim = { key: 'a', until: 'ended', onConflict: 'keep' };

  describe('unique keys', () => {
    ofClaims(
      'keep the task that holds a key until it has ended, retries included',
      [UNTIL_ENDED],
      async (opened, task) => {
        const { engine, becomes, clock, open } = opened;
        const one = task();
        expect(await engine.enqueueing.enqueue([one])).toEqual(['stored']);
        const held = { holder: one.id };
        const other = await open();
        const others = [task({ queue: 'other' }), task({ name: 'other' }), newTask(clock)];
        expect(await other.enqueueing.enqueue([task(), ...others, task()])).toEqual([
          held,
          'stored',
          'stored',
          'stored',
          held,
        ]);
        const deliveries = new Deliveries();
        await engine.delivering.consume('default', { ...CONSUME, concurrency: 5 }, deliveries.run);
        const first = await firstOf(deliveries, one.id);
        expect(await other.enqueueing.enqueue([task()])).toEqual([held]);
        first.end(retryAt(clock.now()));
        const second = await firstOf(deliveries, one.id);
        expect(await engine.enqueueing.enqueue([task()])).toEqual([held]);
        second.end(completed);
        await becomes(one.id, 'completed');
        const next = task();
        expect(await engine.enqueueing.enqueue([next, task()])).toEqual(['stored', { holder: next.id }]);
        await engine.acting.act('delete', { ids: [one.id] });
        expect(await engine.enqueueing.enqueue([task()])).toEqual([{ holder: next.id }]);
      },
    );

    ofClaims('have one holder of many who enqueue at once', [UNTIL_ENDED], async ({ engine, open, clock }, task) => {
      const other = await open();
      const calls = Array.from({ length: 20 }, (_, index) => (index % 2 ? engine : other).enqueueing);
      const answers = await Promise.all(calls.map((facet) => facet.enqueue([newTask(clock), task()])));
      expect(answers.map(([plain]) => plain)).toEqual(calls.map(() => 'stored'));
      const holders = answers.flatMap(([, answer]) => (typeof answer === 'object' ? [answer.holder] : []));
      expect(holders).toHaveLength(19);
      expect(new Set(holders).size).toBe(1);
      const { items } = await engine.inspecting.list({}, { limit: 100 });
      expect(items.filter(({ unique }) => unique).map(({ id }) => id)).toEqual([holders[0]]);
    });

    ofClaims(
      'refuse a call whose task would be the second, and store nothing of it',
      [{ ...UNTIL_ENDED, onConflict: 'reject' }],
      async ({ engine, clock }, task) => {
        const one = task();
        await engine.enqueueing.enqueue([one]);
        const plain = newTask(clock);
        const refused = engine.enqueueing.enqueue([plain, task()]);
        await expect(refused).rejects.toBeInstanceOf(DuplicateTaskError);
        await expect(refused).rejects.toMatchObject({ holder: one.id, queue: 'default' });
        expect(await engine.inspecting.get(plain.id)).toBeNull();
      },
    );

    ofClaims(
      'are released when an attempt begins',
      [{ key: 'a', until: 'started', onConflict: 'replace' }],
      async ({ engine, clock, unit }, task) => {
        const one = task();
        await engine.enqueueing.enqueue([one]);
        const deliveries = new Deliveries();
        const consumer = await engine.delivering.consume('default', CONSUME, deliveries.run);
        const running = await deliveries.next();
        const two = task({ runAt: clock.now() + unit });
        expect(await engine.enqueueing.enqueue([two])).toEqual(['stored']);
        const three = task({
          params: '{"n":3}',
          priority: 3,
          traits: { tags: { a: 'b' } },
          runAt: clock.now() + 2 * unit,
        });
        expect(await engine.enqueueing.enqueue([three])).toEqual([{ holder: two.id }]);
        expect(await engine.inspecting.get(two.id)).toMatchObject({
          state: 'scheduled',
          params: { n: 3 },
          priority: 3,
          runAt: three.runAt,
          tags: { a: 'b' },
          keyHolder: two.id,
        });
        // One that runs again by itself takes nothing back.
        running.end(retryAt(clock.now()));
        expect((await deliveries.next()).attempt).toBe(2);
        expect((await engine.inspecting.get(one.id))?.keyHolder).toBe(two.id);
        await consumer.close(0);
      },
    );

    ofClaims(
      'are released by their time alone, where they have no event',
      [{ key: 'a', until: 'time', for: 3_000, onConflict: 'keep' }],
      async ({ engine, advance, becomes, until }, task) => {
        const one = task();
        await engine.enqueueing.enqueue([one]);
        const deliveries = new Deliveries();
        const consumer = await engine.delivering.consume('default', CONSUME, deliveries.run);
        (await deliveries.next()).end({ kind: 'completed', maxAttempts: 4, keepFor: 1 });
        if (engine.capabilities.clock === 'injected') {
          await becomes(one.id, 'completed');
          await advance(2_999);
          // It is kept as long as it holds the key.
          expect(await engine.enqueueing.enqueue([task()])).toEqual([{ holder: one.id }]);
          await advance(1);
        }
        await until('the key to be free', async () => (await engine.enqueueing.enqueue([task()]))[0] === 'stored');
        await consumer.close(0);
      },
    );

    ofClaims('are taken again by a retry by hand, or refused', [UNTIL_ENDED], async ({ engine, becomes }, task) => {
      const one = task();
      await engine.enqueueing.enqueue([one]);
      const deliveries = new Deliveries();
      const consumer = await engine.delivering.consume('default', CONSUME, deliveries.run);
      (await deliveries.next()).end(failed());
      await becomes(one.id, 'failed');
      await consumer.close(0);
      const two = task();
      await engine.enqueueing.enqueue([two]);
      expect(await engine.acting.act('retry', { ids: [one.id] })).toEqual({
        changed: 0,
        refused: [{ id: one.id, state: 'failed', holder: two.id }],
      });
      expect(await engine.acting.act('retry', { filter: { state: 'failed' } })).toMatchObject({ changed: 0 });
      await engine.acting.act('cancel', { ids: [two.id] });
      expect(await engine.acting.act('retry', { ids: [one.id] })).toEqual({ changed: 1, refused: [] });
      expect(await engine.enqueueing.enqueue([task()])).toEqual([{ holder: one.id }]);
    });

    ofClaims(
      'join the lists of those that come while one waits',
      [{ key: 'a', until: 'started', onConflict: 'join', wait: 60_000, join: { field: 'ids', maxBytes: 60 } }],
      async ({ engine, clock }, task) => {
        const of = (ids: readonly number[]) =>
          task({ params: JSON.stringify({ ids, a: ids[0] }), runAt: clock.now() + 60_000 });
        const one = of([1]);
        expect(await engine.enqueueing.enqueue([one, of([2, 3]), of([4])])).toEqual([
          'stored',
          { holder: one.id },
          { holder: one.id },
        ]);
        expect(await engine.inspecting.get(one.id)).toMatchObject({
          params: { ids: [1, 2, 3, 4], a: 1 },
          runAt: one.runAt,
        });
        const [large, next] = [of(Array.from({ length: 20 }, () => 9)), of([5])];
        expect(await engine.enqueueing.enqueue([large])).toEqual(['stored']);
        expect(await engine.enqueueing.enqueue([next])).toEqual([{ holder: large.id }]);
        // Handed over again, as after a crash of who did.
        const again = { ...of([6]), mayExist: true };
        await engine.enqueueing.enqueue([again]);
        await engine.enqueueing.enqueue([again]);
        const joined = [...Array.from({ length: 20 }, () => 9), 5, 6];
        expect((await engine.inspecting.get(large.id))?.params).toEqual({ ids: joined, a: 9 });
      },
    );
  });
}

async function firstOf(deliveries: Deliveries, id: string): Promise<Awaited<ReturnType<Deliveries['next']>>> {
  for (;;) {
    const held = await deliveries.next();
    if (held.id === id) return held;
    held.end(completed);
  }
}
