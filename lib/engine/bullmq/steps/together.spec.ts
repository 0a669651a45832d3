import { expect, it } from 'vitest';
import { StepsTogether } from './together.js';

const HOLD = { queue: 'default', id: 'a', token: 't', started: 1 };

/** A store that answers when the test says so. */
function slowStore() {
  const written: Array<{ readonly steps: object; answer(isHeld: boolean): void; fail(error: Error): void }> = [];
  const together = new StepsTogether(
    (_hold, steps) =>
      new Promise((answer, fail) => {
        written.push({ steps, answer, fail });
      }),
  );
  return { together, written };
}

it('writes what comes while a write is under way together, and tells each what came of its own', async () => {
  const { together, written } = slowStore();
  const first = together.record(HOLD, 'a', '1');
  const others = ['b', 'c', 'b'].map((address, index) => together.record(HOLD, address, String(index)));
  const elsewhere = together.record({ ...HOLD, id: 'b' }, 'a', '1');
  expect(written.map(({ steps }) => steps)).toEqual([{ a: '1' }, { a: '1' }]);
  written[1]!.answer(true);
  expect(await elsewhere).toBe(true);
  written[0]!.answer(true);
  expect(await first).toBe(true);
  await expect.poll(() => written.length).toBe(3);
  expect(written[2]!.steps).toEqual({ b: '2', c: '1' });
  const last = together.record(HOLD, 'd', '4');
  written[2]!.answer(false);
  expect(await Promise.all(others)).toEqual([false, false, false]);
  await expect.poll(() => written.length).toBe(4);
  written[3]!.answer(true);
  expect(await last).toBe(true);
  // Nothing is left that a later one would wait for.
  void together.record(HOLD, 'e', '5');
  expect(written).toHaveLength(5);
});

it('goes on after a write that failed, which only those hear of whose it was', async () => {
  const { together, written } = slowStore();
  const first = together.record(HOLD, 'a', '1');
  const second = together.record(HOLD, 'b', '2');
  written[0]!.fail(new Error('no answer'));
  await expect(first).rejects.toThrow('no answer');
  await expect.poll(() => written.length).toBe(2);
  written[1]!.answer(true);
  expect(await second).toBe(true);
});
