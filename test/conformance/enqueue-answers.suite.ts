import { randomUUID } from 'node:crypto';
import { describe, expect } from 'vitest';
import type { CaseTest } from './engine-case.js';
import { CONSUME, Deliveries, completed, newTask } from './harness.js';

/** What `enqueue` says of each task that it was given. */
export function describeEnqueueAnswers(it: CaseTest): void {
  describe('answers of enqueue', () => {
    it('says that new tasks were stored', async ({ engine, clock }) => {
      const tasks = Array.from({ length: 130 }, (_, index) => newTask(clock, { name: index % 3 ? 'work' : 'other' }));
      expect(await engine.enqueueing.enqueue([])).toEqual([]);
      expect(await engine.enqueueing.enqueue(tasks.slice(0, 1))).toEqual(['stored']);
      expect(await engine.enqueueing.enqueue(tasks.slice(1))).toEqual(tasks.slice(1).map(() => 'stored'));
    });

    it('says which of many were there already, whatever has become of them', async ({
      engine,
      clock,
      becomes,
      open,
    }) => {
      const task = (queue: string) => newTask(clock, { queue, mayExist: true });
      const [done, waiting, cancelled] = [task('busy'), task('idle'), task('idle')];
      expect(await engine.enqueueing.enqueue([done, waiting, cancelled])).toEqual(['stored', 'stored', 'stored']);
      await engine.acting.act('cancel', { ids: [cancelled.id] });
      const deliveries = new Deliveries();
      await engine.delivering.consume('busy', CONSUME, deliveries.run);
      (await deliveries.next()).end(completed);
      await becomes(done.id, 'completed');

      const fresh = Array.from({ length: 60 }, () => task('idle'));
      const other = await open();
      const again = [fresh[0]!, waiting, ...fresh.slice(1, 50), done, cancelled, ...fresh.slice(50)];
      const answers = await other.enqueueing.enqueue(again);
      const existing = again.filter((_, index) => answers[index] === 'existing').map(({ id }) => id);
      expect(existing).toEqual([waiting.id, done.id, cancelled.id]);
      expect(answers).toHaveLength(63);
      expect(await engine.enqueueing.enqueue([waiting])).toEqual(['existing']);
      expect(await engine.inspecting.get(cancelled.id)).toMatchObject({ state: 'cancelled' });
    });

    it('says of one that stands twice in a call that the first was stored', async ({ engine, clock }) => {
      const [twice, other] = [newTask(clock), newTask(clock)];
      const later = { ...twice, params: '{"n":2}', runAt: twice.runAt + 3_600_000, mayExist: true };
      expect(await engine.enqueueing.enqueue([twice, other, twice, later])).toEqual([
        'stored',
        'stored',
        'existing',
        'existing',
      ]);
      expect(await engine.inspecting.get(twice.id)).toMatchObject({ state: 'available', params: {} });
    });

    it('tells tasks of one id apart by their queues, or not at all', async ({ engine, clock }) => {
      const task = newTask(clock, { queue: 'one', mayExist: true });
      await engine.enqueueing.enqueue([task]);
      const elsewhere = await engine.enqueueing.enqueue([{ ...task, queue: 'two' }]);
      expect(elsewhere).toEqual([engine.capabilities.uniqueIds === 'store' ? 'existing' : 'stored']);
    });

    it('finds an id that somebody gave in whichever queue it is', async ({ engine, clock, open }) => {
      const given = ['order:1', 'order:2', randomUUID()];
      const [first, second, third] = given.map((id) => newTask(clock, { id, queue: 'one', mayExist: true }));
      await engine.enqueueing.enqueue([first!, second!, third!]);
      await engine.acting.act('cancel', { ids: [second!.id] });
      const other = await open();
      const again = [first!, second!, third!, newTask(clock)].map((task) => ({ ...task, queue: 'two' }));
      expect(await other.enqueueing.enqueue(again)).toEqual(['existing', 'existing', 'existing', 'stored']);
      const existing = await other.enqueueing.existing(again.slice(0, 3));
      expect(existing.map((task) => [task?.id, task?.queue, task?.state])).toEqual([
        [first!.id, 'one', 'available'],
        [second!.id, 'one', 'cancelled'],
        [third!.id, 'one', 'available'],
      ]);
      await engine.acting.act('delete', { ids: given });
      expect(await other.enqueueing.enqueue(again.slice(0, 3))).toEqual(['stored', 'stored', 'stored']);
    });

    it('says to one of those who hand over one task at once that it was stored', async ({ engine, clock, open }) => {
      const task = newTask(clock, { mayExist: true });
      const other = await open();
      const calls = Array.from({ length: 20 }, (_, index) => (index % 2 ? engine : other).enqueueing);
      const answers = await Promise.all(
        calls.map((facet, index) => facet.enqueue([newTask(clock), { ...task, params: `{"n":${index}}` }])),
      );
      expect(answers.map(([own]) => own)).toEqual(calls.map(() => 'stored'));
      const stored = answers.flatMap(([, shared], index) => (shared === 'stored' ? [index] : []));
      expect(stored).toHaveLength(1);
      expect(await engine.inspecting.get(task.id)).toMatchObject({ params: { n: stored[0] } });
    });
  });
}
