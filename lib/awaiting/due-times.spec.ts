import { expect, it } from 'vitest';
import { ManualClock } from '../clock/index.js';
import { DueTimes } from './due-times.js';

it('calls back in the order of their times, by one timer, what was not taken out', () => {
  const clock = new ManualClock(0);
  const rung: string[] = [];
  let timers = 0;
  const counted = {
    now: () => clock.now(),
    schedule: (delay: number, callback: () => void) => {
      timers += 1;
      const cancel = clock.schedule(delay, callback);
      return () => {
        timers -= 1;
        cancel();
      };
    },
  };
  const due = new DueTimes<string>(counted, (what) => rung.push(what));
  for (const [at, what] of [
    [30, 'c'],
    [10, 'a'],
    [20, 'b'],
    [20, 'out'],
    [40, 'd'],
  ] as const) {
    due.add(at, what);
    expect(timers).toBe(1);
  }
  due.remove(20, 'out');
  due.remove(20, 'never in');
  clock.advance(9);
  expect(rung).toEqual([]);
  clock.advance(21);
  expect(rung).toEqual(['a', 'b', 'c']);
  due.remove(40, 'd');
  clock.advance(1_000);
  expect(rung).toEqual(['a', 'b', 'c']);
});
