import { expect, it } from 'vitest';
import { jobOf } from '../../../test/engines/support/plain-job.js';
import { taskFollowing } from './following.js';

const ERROR = { name: 'Error', message: 'broken' };
const onFailed = { queue: 'alerts', name: 'tell' };

it('follows a task that failed where its traits, or those that are given, ask for one', () => {
  const seen = { attemptsStarted: 3 };
  expect(taskFollowing(jobOf(), 'q', ERROR)).toBeNull();
  expect(taskFollowing(jobOf({ traits: { tags: { a: '1' } } }), 'q', ERROR)).toBeNull();
  expect(taskFollowing(jobOf({ traits: { onFailed } }), 'q', ERROR, {})).toBeNull();
  const following = taskFollowing(jobOf({ name: 'mail', traits: { onFailed } }, seen), 'q', ERROR)!;
  expect(following).toMatchObject({ ...onFailed, id: 'task-1/failed/3' });
  const { task, error } = JSON.parse(following.params) as { task: object; error: object };
  expect(task).toEqual({ id: 'task-1', queue: 'q', name: 'mail', attempt: 3, failedAt: following.createdAt });
  expect(error).toEqual(ERROR);
  expect(taskFollowing(jobOf(), 'q', ERROR, { onFailed })).toMatchObject(onFailed);
});
