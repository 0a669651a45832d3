import { expect, it } from 'vitest';
import { jobOf } from '../../../test/engines/support/plain-job.js';
import type { TaskEvent } from '../../contract/index.js';
import { Happenings } from './happenings.js';

it('tells each listener what became of a task, until it listens no more', () => {
  const happenings = new Happenings();
  const job = jobOf({ name: 'mail' }, { attemptsStarted: 2 });
  happenings.tell('completed', 'q', job);
  expect(happenings.areHeard).toBe(false);

  const heard: TaskEvent[][] = [[], []];
  const stops = heard.map((list) => happenings.hear((events) => void list.push(...events)));
  expect(happenings.areHeard).toBe(true);
  const error = { name: 'Error', message: 'broken' };
  const task = { id: 'task-1', queue: 'q', name: 'mail', attempt: 2 };
  happenings.tell('completed', 'q', job);
  happenings.tell('failed', 'q', job, error, 7);
  const told = [
    { event: 'completed', task },
    { event: 'failed', task: { ...task, attempt: 7 }, error },
  ];
  expect(heard).toEqual([told, told]);
  expect(heard[0]![0]).not.toHaveProperty('error');

  stops[0]!();
  happenings.tell('cancelled', 'q', job);
  expect(heard.map((list) => list.length)).toEqual([2, 3]);
});
