import { describe, expect, it } from 'vitest';
import { CREATED_AT, jobOf, plainJob } from '../../../../test/engines/support/plain-job.js';
import { someTasks } from '../../../../test/migrate/support/some-tasks.js';
import type { StoredTask } from '../../port/index.js';
import type { TaskJob } from '../task-job.js';
import { JobView } from '../job-view.js';
import { attemptsBefore, carriedOf, isAsCarried, isLanding, withoutPast } from './carried.js';
import { toMovedJob, toStoredTask } from './job-rows.js';

const DAY = 86_400_000;
const NOW = CREATED_AT + DAY;
const view = new JobView(
  (params) => params,
  () => [],
);

/** A task that was moved here, as BullMQ gives it back: a failed one has landed, by an attempt that ran nothing. */
function moved(task: StoredTask): TaskJob {
  const job = toMovedJob(task, NOW);
  return plainJob(job, task.state === 'failed' ? { attemptsStarted: 1, attemptsMade: 1 } : {});
}

describe('tasks that are moved into BullMQ', () => {
  const tasks = someTasks(60, NOW);

  it('are of every kind', () => {
    expect(new Set(tasks.map(({ state }) => state)).size).toBe(4);
    expect(tasks.some(({ attempt }) => attempt > 0)).toBe(true);
  });

  it.each(tasks.map((task): [string, StoredTask] => [`${task.id.slice(-2)}, ${task.state}`, task]))(
    'are the same when they are moved on: %s',
    (_name, task) => {
      const job = moved(task);
      expect(toStoredTask(view, task.queue, job, task.state, [])).toEqual(task);
      expect(isAsCarried(job)).toBe(carriedOf(job) !== null);
    },
  );
});

it('leaves the workflow of a task with the store that it was started in, both ways', () => {
  const [task] = someTasks(1, NOW);
  const traits = { tags: { order: '7' }, workflow: { id: 'w', node: 'charge' } };
  const job = toMovedJob({ ...task!, traits }, NOW);
  expect(job.opts).toMatchObject({ task: { traits: { tags: { order: '7' } } } });
  expect(JSON.stringify(job)).not.toContain('workflow');
  const there = plainJob(job);
  (there.opts as { task?: object }).task = { traits };
  expect(toStoredTask(view, task!.queue, there, task!.state, []).traits).toEqual({ tags: { order: '7' } });
});

describe('a failed task that was moved', () => {
  const failed = someTasks(4, NOW)[3]!;

  it('is to fail, unrun, before it is among the failed ones', () => {
    const added = plainJob(toMovedJob(failed, NOW));
    expect(failed.state).toBe('failed');
    expect(added.opts.priority).toBeUndefined();
    expect(isLanding(added)).toBe(true);
    expect(isLanding(plainJob(toMovedJob(failed, NOW), { priority: 5 }))).toBe(false);
  });

  it('counts its landing as its last attempt', () => {
    expect(attemptsBefore(moved(failed))).toBe(failed.attempt - 1);
  });

  it('is not as it came any more once it was tried here', () => {
    const job = toMovedJob(failed, NOW);
    expect(isAsCarried(plainJob(job, { attemptsStarted: 1, attemptsMade: 1 }))).toBe(true);
    expect(isAsCarried(plainJob(job, { attemptsStarted: 2, attemptsMade: 1 }))).toBe(false);
  });

  it('leaves its past behind where it begins anew', () => {
    const { opts } = moved(failed);
    const anew = withoutPast(opts);
    expect(carriedOf({ opts })).not.toBeNull();
    expect(carriedOf({ opts: anew })).toBeNull();
    expect(anew).toMatchObject({ attempts: opts.attempts });
  });
});

describe('a task that has no past', () => {
  it('carries none, and stays as it is where it begins anew', () => {
    const job = jobOf();
    expect(carriedOf(job)).toBeNull();
    expect(attemptsBefore(job)).toBe(0);
    expect(isLanding(job)).toBe(false);
    expect(isAsCarried(job)).toBe(false);
    expect(withoutPast(job.opts)).toBe(job.opts);
  });
});

describe('a task that waits for its time', () => {
  const waiting = someTasks(2, NOW)[1]!;

  it('waits on, and is available where its time came meanwhile', () => {
    expect(waiting.state).toBe('scheduled');
    expect(toMovedJob(waiting, NOW).opts.delay).toBe(waiting.runAt - waiting.createdAt);
    expect(toMovedJob(waiting, waiting.runAt).opts.delay).toBeUndefined();
  });
});
