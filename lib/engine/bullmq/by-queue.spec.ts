import { describe, expect, it } from 'vitest';
import { byQueue } from './by-queue.js';

describe('tasks by queue', () => {
  it('stay in the order in which they came, and so do the queues', () => {
    const tasks = ['mail', 'news', 'mail', 'news', 'other'].map((queue, number) => ({ queue, number }));
    const numbers = [...byQueue(tasks)].map(([queue, own]) => [queue, own.map(({ number }) => number)]);
    expect(numbers).toEqual([
      ['mail', [0, 2]],
      ['news', [1, 3]],
      ['other', [4]],
    ]);
  });

  it('are none where there are no tasks', () => {
    expect(byQueue([]).size).toBe(0);
  });

  it('take any name for a queue', () => {
    expect([...byQueue([{ queue: '__proto__' }, { queue: 'constructor' }]).keys()]).toEqual([
      '__proto__',
      'constructor',
    ]);
  });
});
