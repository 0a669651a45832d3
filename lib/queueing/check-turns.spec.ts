import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { CheckTurns } from './check-turns.js';

/** Checks rows as `queueMany` does, one in a turn. */
async function check(turns: CheckTurns, name: string, rows: number, checked: string[]): Promise<void> {
  const number = turns.begin();
  for (let row = 1; row <= rows; row += 1) {
    checked.push(`${name}${row}`);
    if (row < rows) await turns.next(number);
  }
}

it('gives the turns to the call that came first, one in each', async () => {
  const turns = new CheckTurns();
  const checked: string[] = [];
  const calls = [check(turns, 'a', 3, checked), check(turns, 'b', 3, checked), check(turns, 'c', 1, checked)];
  // The first rows of a call are checked when it is made.
  expect(checked).toEqual(['a1', 'b1', 'c1']);
  let before = checked.length;
  while (checked.length < 7) {
    await turn();
    expect(checked.length - before).toBeLessThanOrEqual(1);
    before = checked.length;
  }
  await Promise.all(calls);
  expect(checked).toEqual(['a1', 'b1', 'c1', 'a2', 'a3', 'b2', 'b3']);
});

it('lets a call pass that waits for something else meanwhile', async () => {
  const turns = new CheckTurns();
  const [first, second] = [turns.begin(), turns.begin()];
  await turns.next(second);
  await turns.next(first);
  await Promise.all([turns.next(first), turns.next(second)]);
});
