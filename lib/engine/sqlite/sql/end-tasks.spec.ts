import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, failed, newTask, retryAt } from '../../../../test/conformance/harness.js';
import { QUEUE, QuietStore } from '../../../../test/support/quiet-store.js';
import type { TaskTraits } from '../../../contract/index.js';
import type { NewTask, Outcome } from '../../port/index.js';
import type { ClaimedTask } from './claim-tasks.js';
import { type Completion, completeTasks } from './end-tasks.js';

let site: QuietStore;

beforeEach(async () => void (site = await QuietStore.open()));
afterEach(() => site.close());

const attempts = (): Array<Record<string, unknown>> => site.find('SELECT * FROM tasks_attempt ORDER BY task');
const metric = (): unknown =>
  site.find('SELECT completed, failed, retried, cancelled, wait_total, run_total FROM tasks_metric');
const following = (followUps: readonly NewTask[]) => ({ ...completed, followUps }) as Outcome;
const keptFor = (keepFor: number | null) => ({ ...completed, keepFor }) as Outcome;

describe('An end', () => {
  it('is stored with the attempt, the metric and the counters', () => {
    const task = site.running();
    site.clock.advance(50);
    const outcome = {
      ...completed,
      keepFor: 700,
      maxAttempts: 9,
      result: { json: '{"r":1}', sensitive: [], keepFor: null },
    };
    expect(site.end(task, outcome as Outcome, site.now - 20)).toBe(true);
    expect(site.row(task.id)).toMatchObject({
      state: 'completed',
      started_at: site.now - 20,
      finished_at: site.now,
      expires_at: site.now + 700,
      max_attempts: 9,
      error_group: null,
    });
    expect(site.find('SELECT value FROM tasks_result')).toEqual([{ value: '{"r":1}' }]);
    expect(attempts()).toEqual([
      {
        task: task.seq,
        attempt: 1,
        worker: 'one',
        started_at: site.now - 20,
        finished_at: site.now,
        outcome: 'completed',
        error_name: null,
        error_message: null,
        error_stack: null,
      },
    ]);
    expect(metric()).toEqual([{ completed: 1, failed: 0, retried: 0, cancelled: 0, wait_total: 30, run_total: 20 }]);
    expect(site.counts()).toEqual({ 'default completed': 1 });
    expect(site.last.dueAt).toBe(site.now + 700);
    expect(site.last.touched.get(QUEUE)).toEqual([task.id]);
    expect(site.last.events!).toEqual([
      { event: 'completed', task: { id: task.id, queue: QUEUE, name: 'work', attempt: 1 } },
    ]);
  });

  it('has the error of a failure, and an empty one where it has none', () => {
    const [one, other] = [site.running(), site.running()];
    site.end(one, failed('broken'));
    expect(site.last.events!).toEqual([
      expect.objectContaining({ event: 'failed', error: expect.objectContaining({ message: 'broken' }) as unknown }),
    ]);
    expect(attempts()).toMatchObject([
      { outcome: 'failed', error_name: 'Error', error_message: 'broken', error_stack: 'Error: broken\n    at x' },
    ]);
    expect(site.row(one.id)!.error_group).not.toBeNull();
    expect(metric()).toMatchObject([{ completed: 0, failed: 1, retried: 0, cancelled: 0 }]);
    site.end(other, { kind: 'failed', maxAttempts: 1, keepFor: null } as unknown as Outcome);
    expect(site.row(other.id)!.error_group).not.toBeNull();
    expect(site.find('SELECT error_name, message FROM tasks_error_group ORDER BY message')).toEqual([
      { error_name: 'Error', message: '' },
      { error_name: 'Error', message: 'broken' },
    ]);
    expect(attempts()[1]).toMatchObject({ error_name: null, error_message: null });
  });

  it('counts no time before the task was due, nor one that goes back', () => {
    const task = site.running();
    site.clock.advance(-30);
    site.end(task, completed, site.now + 10);
    expect(metric()).toMatchObject([{ wait_total: 0, run_total: 0 }]);
  });

  it('has no attempt on record where it had not begun', () => {
    const task = site.running();
    expect(site.end(task, { kind: 'cancelled', maxAttempts: 4, keepFor: 5 }, null)).toBe(true);
    expect(attempts()).toEqual([]);
    expect(metric()).toEqual([]);
    expect(site.row(task.id)).toMatchObject({ state: 'cancelled', started_at: null });
    site.end(site.running(), { kind: 'cancelled', maxAttempts: 4, keepFor: 5 });
    expect(metric()).toMatchObject([{ completed: 0, failed: 0, cancelled: 1 }]);
  });

  it.each([
    completed,
    { kind: 'cancelled', maxAttempts: 4, keepFor: 5, reason: 'expired' },
    retryAt(0),
    { kind: 'released', maxAttempts: 4 },
    { kind: 'declined', maxAttempts: 4, wait: 5_000, keepFor: null, error: { name: 'E', message: '' } },
  ] as readonly Outcome[])('changes nothing where the lease was lost: $kind', (outcome) => {
    const task = site.running({ deadlineAt: site.now + 9_000, tags: { a: 'b' } });
    const before = site.row(task.id);
    const result = { json: '1', sensitive: [], keepFor: null };
    const lost = [{ attempt: 2 }, { worker: 'two' }, { seq: task.seq + 1 }].map((other) => ({ ...task, ...other }));
    for (const other of lost) {
      for (const startedAt of [null, site.now]) {
        expect(site.end(other, { ...outcome, result } as Outcome, startedAt)).toBe(false);
      }
    }
    expect(site.row(task.id)).toEqual(before);
    expect(attempts()).toEqual([]);
    expect(site.find('SELECT * FROM tasks_result')).toEqual([]);
    expect(site.counts()).toEqual({ 'default running': 1 });
    expect(site.last.events!).toEqual([]);
    expect(site.last.touched.size).toBe(0);
  });

  it('stores what follows a task that completed', () => {
    const followUps = [newTask({ now: () => site.now }, { name: 'next' })];
    const task = site.running();
    site.end({ ...task, attempt: 9 }, following(followUps));
    expect(site.find('SELECT name FROM tasks_task')).toHaveLength(1);
    site.end(task, following(followUps));
    expect(site.find('SELECT name, state FROM tasks_task ORDER BY seq')).toEqual([
      { name: 'work', state: 'completed' },
      { name: 'next', state: 'available' },
    ]);
  });

  it('stores the task that a failure is told to, and none where the task names none', () => {
    const onFailed = { queue: 'other', name: 'told' };
    const task = site.running({ onFailed });
    site.end(task, failed('broken'));
    const [told] = site.find(`SELECT * FROM tasks_task WHERE name = 'told'`);
    expect(told).toMatchObject({ queue: 'other', parent_id: task.id, run_at: site.now });
    expect(JSON.parse(told!.params as string)).toMatchObject({
      task: { id: task.id, queue: QUEUE, name: 'work', attempt: 1, failedAt: site.now },
      error: { name: 'Error', message: 'broken' },
    });
    site.end(site.running({ tags: { a: 'b' } }), failed());
    site.end(site.running(), failed());
    site.end(site.running({ onFailed }), completed);
    expect(site.find('SELECT * FROM tasks_task')).toHaveLength(5);
  });

  it('is kept as long as its key is held by time', () => {
    const unique = { key: 'k', until: 'time', for: 5_000, onConflict: 'keep' } as const;
    const task = site.running({ unique });
    site.end(task, keptFor(100));
    expect(site.row(task.id)!.expires_at).toBe(site.now + 5_000);
    const other = site.running({ unique: { ...unique, key: 'other', until: 'ended' } });
    site.end(other, keptFor(100));
    expect(site.row(other.id)!.expires_at).toBe(site.now + 100);
    const last = site.running({ unique: { ...unique, key: 'last' } });
    site.end(last, keptFor(null));
    expect(site.row(last.id)!.expires_at).toBeNull();
  });

  it('wakes the step that has called the task', () => {
    const id = site.suspendedCaller();
    site.end(site.claim()[0]!, failed());
    expect(site.states([id])).toEqual(['available']);
  });
});

describe('Many ends', () => {
  function completions(tasks: readonly ClaimedTask[]): Completion[] {
    return tasks.map((task, index) => ({
      task,
      outcome: { kind: 'completed', maxAttempts: 4, keepFor: index },
      timing: { startedAt: site.now + index, finishedAt: site.now + index + 1 },
    }));
  }

  function complete(all: readonly Completion[]): Completion[] {
    return site.write((transaction) => completeTasks(transaction, all));
  }

  function claimMany(many: number, traits?: TaskTraits): readonly ClaimedTask[] {
    site.add(...Array.from({ length: many }, () => (traits ? { traits } : {})));
    return site.claim({ wanted: many });
  }

  it.each([1, 9, 10, 11, 63])('are stored together, each as it was: %i', (many) => {
    const all = completions(claimMany(many));
    expect(complete(all)).toEqual([]);
    const rows = site.find(
      'SELECT seq, state, started_at, finished_at, expires_at, max_attempts FROM tasks_task ORDER BY seq',
    );
    expect(rows).toEqual(
      all.map(({ task, timing, outcome }) => ({
        seq: task.seq,
        state: 'completed',
        started_at: timing.startedAt,
        finished_at: timing.finishedAt,
        expires_at: timing.finishedAt + outcome.keepFor!,
        max_attempts: 4,
      })),
    );
    expect(attempts()).toEqual(
      all.map(({ task, timing }) => ({
        task: task.seq,
        attempt: 1,
        worker: 'one',
        started_at: timing.startedAt,
        finished_at: timing.finishedAt,
        outcome: 'completed',
        error_name: null,
        error_message: null,
        error_stack: null,
      })),
    );
    expect(site.counts()).toEqual({ 'default completed': many });
    expect(metric()).toMatchObject([{ completed: many, failed: 0 }]);
    expect(site.last.events!).toHaveLength(many);
    expect(site.last.events![0]).toMatchObject({ event: 'completed' });
    expect(site.last.touched.get(QUEUE)).toHaveLength(many);
  });

  it('leave out those whose lease was lost', () => {
    const all = completions(claimMany(12));
    site.run(`UPDATE tasks_task SET attempt = 2 WHERE seq IN (?, ?)`, all[3]!.task.seq, all[11]!.task.seq);
    expect(complete(all)).toEqual([all[3], all[11]]);
    expect(site.counts()).toEqual({ 'default completed': 10, 'default running': 2 });
    expect(attempts()).toHaveLength(10);
    expect(attempts()[0]).toMatchObject({ outcome: 'completed', worker: 'one' });
    expect(site.last.events!).toHaveLength(10);
    expect(site.last.events![0]).toMatchObject({ event: 'completed' });
    expect(complete(all.slice(0, 10))).toEqual(all.slice(0, 10));
  });

  it('of several workers name the lease of each', () => {
    const tasks = claimMany(12).map((task, index) => (index === 9 ? { ...task, worker: 'two' } : task));
    site.run(`UPDATE tasks_task SET worker = 'two' WHERE seq = ?`, tasks[9]!.seq);
    expect(complete(completions(tasks))).toEqual([]);
    expect(attempts().map(({ worker }) => worker)).toEqual(tasks.map(({ worker }) => worker));
  });

  it('of which all but the first are of another worker name that one', () => {
    const tasks = claimMany(10).map((task, index) => (index === 0 ? task : { ...task, worker: 'two' }));
    site.run(`UPDATE tasks_task SET worker = 'two' WHERE seq > ?`, tasks[0]!.seq);
    expect(complete(completions(tasks))).toEqual([]);
  });

  it('are kept as long as their keys are held by time', () => {
    const unique = { key: 'k', until: 'time', for: 5_000, onConflict: 'keep' } as const;
    site.add(...Array.from({ length: 10 }, (_, index) => ({ traits: { unique: { ...unique, key: `${index}` } } })));
    complete(completions(site.claim({ wanted: 10 })));
    expect(site.find('SELECT DISTINCT expires_at FROM tasks_task')).toEqual([{ expires_at: site.now + 5_000 }]);
  });
});
