import { describe, expect, it } from 'vitest';
import { CREATED_AT, jobOf, plainJob } from '../../../../test/engines/support/plain-job.js';
import { record } from '../../../../test/engines/support/plain-record.js';
import { someTasks } from '../../../../test/migrate/support/some-tasks.js';
import type { StoredTask } from '../../port/index.js';
import { toStack } from '../attempt-record.js';
import type { TaskJob } from '../task-job.js';
import { JobView } from '../job-view.js';
import { notesOf, runAtOf, storedPriority } from '../stored-job.js';
import { carriedOf, isAsCarried } from './carried.js';
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
      expect(toStoredTask(view, task.queue, job, task.state, [])).toStrictEqual(task);
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

describe('a task that waits for its time', () => {
  const waiting = someTasks(2, NOW)[1]!;

  it('waits on, and is available where its time came meanwhile', () => {
    expect(waiting.state).toBe('scheduled');
    expect(toMovedJob(waiting, NOW).opts.delay).toBe(waiting.runAt - waiting.createdAt);
    expect(toMovedJob(waiting, waiting.runAt).opts.delay).toBeUndefined();
  });

  it('is still known to have been due then where its time came meanwhile', () => {
    expect(runAtOf(plainJob(toMovedJob(waiting, waiting.runAt)))).toBe(waiting.runAt);
  });

  it('does not wait where it was available already, be its time to come', () => {
    expect(toMovedJob({ ...waiting, state: 'available' }, NOW).opts).not.toHaveProperty('delay');
  });

  it.each([0, -1])('does not wait where that is %d ms after it was made, be its making to come', (after) => {
    const createdAt = NOW + 10;
    expect(toMovedJob({ ...waiting, createdAt, runAt: createdAt + after }, NOW).opts).not.toHaveProperty('delay');
  });
});

describe('a task that is moved into BullMQ', () => {
  const plain: StoredTask = { ...someTasks(1, NOW)[0]!, attempt: 0, attempts: [], logs: [], traits: undefined };
  const carries = (task: Partial<StoredTask>): boolean => carriedOf(moved({ ...plain, ...task })) !== null;

  it('has no notes but those of a new one, where it has no past', () => {
    expect(plain.state).toBe('available');
    const { maxAttempts, settings, sensitive, parentId } = plain;
    expect(toMovedJob(plain, NOW).opts).toStrictEqual({
      attempts: maxAttempts,
      priority: storedPriority(plain.priority),
      task: { maxAttempts, settings, sensitive, parentId },
    });
  });

  it('carries what it has of attempts, of a log, or of a failure', () => {
    expect(carries({})).toBe(false);
    expect(carries({ attempt: 1 })).toBe(true);
    expect(carries({ logs: [{ at: NOW, attempt: 1, message: 'begun' }] })).toBe(true);
    expect(carries({ state: 'failed' })).toBe(true);
  });
});

describe('a task that is moved out of BullMQ', () => {
  const out = (job: TaskJob, state: StoredTask['state']): StoredTask => toStoredTask(view, 'mail', job, state, []);
  const tried = (overrides: Parameters<typeof record>[1] = {}, seen: Partial<TaskJob> = {}): TaskJob =>
    jobOf({}, { attemptsStarted: 1, attemptsMade: 1, stacktrace: [toStack(record(1, overrides))], ...seen });

  it('is due when its last attempt said, unless it has failed', () => {
    const job = tried({ runAt: NOW + 5 });
    expect(out(job, 'retryable').runAt).toBe(NOW + 5);
    expect(out(job, 'available').runAt).toBe(NOW + 5);
    expect(out(job, 'failed').runAt).toBe(CREATED_AT);
  });

  it('is due when somebody said since', () => {
    const job = tried({ runAt: NOW + 5 });
    const task = { ...notesOf(job), moved: 1, runAt: NOW + 9 };
    expect(out({ ...job, opts: { ...job.opts, task } } as unknown as TaskJob, 'retryable').runAt).toBe(NOW + 9);
  });

  it('is due when somebody said since, also where that attempt was lost', () => {
    const job = tried({ runAt: NOW + 5 }, { attemptsStarted: 2 });
    const task = { ...notesOf(job), moved: 1, runAt: NOW + 1 };
    expect(out({ ...job, opts: { ...job.opts, task } } as unknown as TaskJob, 'available').runAt).toBe(NOW + 1);
  });

  it('has each attempt that began and was not made excused', () => {
    expect(out(tried({}, { attemptsStarted: 3 }), 'retryable').excusedAttempts).toBe(2);
  });

  it('has its attempts with as much of an error as they had, and as lost where nobody noted an end', () => {
    const attempts = [
      record(1, { error: undefined }),
      record(2, { error: { name: 'RangeError', message: 'broken' } }),
      { ...record(3, { error: undefined }), finishedAt: null, outcome: null },
    ];
    const { startedAt } = attempts[2]!;
    const task = { ...someTasks(1, NOW)[0]!, attempt: 3, attempts };
    const { error: _error, ...bare } = record(1);
    expect(out(moved(task), 'available').attempts).toStrictEqual([
      bare,
      attempts[1],
      { ...bare, attempt: 3, startedAt, finishedAt: startedAt, outcome: 'lost' },
    ]);
  });
});
