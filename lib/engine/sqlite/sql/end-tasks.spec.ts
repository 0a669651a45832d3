import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, failed, newTask, retryAt } from '../../../../test/conformance/harness.js';
import { QUEUE, QuietStore } from '../../../../test/support/quiet-store.js';
import type { TaskTraits } from '../../../contract/index.js';
import type { NewTask, Outcome, StepRecord } from '../../port/index.js';
import type { ClaimedTask } from './claim-tasks.js';
import { type Completion, completeTasks } from './end-tasks.js';
import { deleteExcess, excesses } from './excess-tasks.js';
import { lapseTasks, nextLapseAt } from './lapse-tasks.js';
import { tellOfEnd, wakeDue } from './wake-tasks.js';

let site: QuietStore;

beforeEach(async () => void (site = await QuietStore.open()));
afterEach(() => site.close());

/** A task that runs. */
function running(traits?: TaskTraits): ClaimedTask {
  site.add(traits ? { traits } : {});
  return site.claim()[0]!;
}

const attempts = (): Array<Record<string, unknown>> => site.find('SELECT * FROM tasks_attempt ORDER BY task');
const metric = (): unknown =>
  site.find('SELECT completed, failed, retried, cancelled, wait_total, run_total FROM tasks_metric');
const following = (followUps: readonly NewTask[]) => ({ ...completed, followUps }) as Outcome;
const keptFor = (keepFor: number | null) => ({ ...completed, keepFor }) as Outcome;
const lapse = (): number | undefined => site.find('SELECT at FROM tasks_lapse')[0]?.at as number | undefined;
const caller: TaskTraits = { caller: { task: 'caller', step: 'call', number: 0 } };

/** A task that waits for the end of the one that it has called, which has these traits. */
function suspendedCaller(traits: TaskTraits = {}): string {
  site.add({ id: 'caller', priority: 1 }, { id: 'called', traits: { ...caller, ...traits } });
  const place = { kind: 'call', name: 'call', number: 0, position: 1 } as const;
  const wait = { task: 'called' };
  const step: StepRecord = { ...place, result: null, sensitive: [], wait, startedAt: site.now, finishedAt: null };
  site.end(site.claim()[0]!, { kind: 'suspended', maxAttempts: 4, waits: [step] });
  expect(site.states(['caller'])).toEqual(['suspended']);
  return 'caller';
}

describe('An end', () => {
  it('is stored with the attempt, the metric and the counters', () => {
    const task = running();
    site.now += 50;
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
    expect(site.told).toEqual([{ event: 'completed', task: { id: task.id, queue: QUEUE, name: 'work', attempt: 1 } }]);
  });

  it('has the error of a failure, and an empty one where it has none', () => {
    const [one, other] = [running(), running()];
    site.end(one, failed('broken'));
    expect(site.told).toEqual([
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
    const task = running();
    site.now -= 30;
    site.end(task, completed, site.now + 10);
    expect(metric()).toMatchObject([{ wait_total: 0, run_total: 0 }]);
  });

  it('has no attempt on record where it had not begun', () => {
    const task = running();
    expect(site.end(task, { kind: 'cancelled', maxAttempts: 4, keepFor: 5 }, null)).toBe(true);
    expect(attempts()).toEqual([]);
    expect(metric()).toEqual([]);
    expect(site.row(task.id)).toMatchObject({ state: 'cancelled', started_at: null });
    site.end(running(), { kind: 'cancelled', maxAttempts: 4, keepFor: 5 });
    expect(metric()).toMatchObject([{ completed: 0, failed: 0, cancelled: 1 }]);
  });

  it.each([
    completed,
    { kind: 'cancelled', maxAttempts: 4, keepFor: 5, reason: 'expired' },
    retryAt(0),
    { kind: 'released', maxAttempts: 4 },
    { kind: 'declined', maxAttempts: 4, wait: 5_000, keepFor: null, error: { name: 'E', message: '' } },
  ] as readonly Outcome[])('changes nothing where the lease was lost: $kind', (outcome) => {
    const task = running({ deadlineAt: site.now + 9_000, tags: { a: 'b' } });
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
    expect(site.told).toEqual([]);
    expect(site.last.touched.size).toBe(0);
  });

  it('stores what follows a task that completed', () => {
    const followUps = [newTask({ now: () => site.now }, { name: 'next' })];
    const task = running();
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
    const task = running({ onFailed });
    site.end(task, failed('broken'));
    const [told] = site.find(`SELECT * FROM tasks_task WHERE name = 'told'`);
    expect(told).toMatchObject({ queue: 'other', parent_id: task.id, run_at: site.now });
    expect(JSON.parse(told!.params as string)).toMatchObject({
      task: { id: task.id, queue: QUEUE, name: 'work', attempt: 1, failedAt: site.now },
      error: { name: 'Error', message: 'broken' },
    });
    site.end(running({ tags: { a: 'b' } }), failed());
    site.end(running(), failed());
    site.end(running({ onFailed }), completed);
    expect(site.find('SELECT * FROM tasks_task')).toHaveLength(5);
  });

  it('is kept as long as its key is held by time', () => {
    const unique = { key: 'k', until: 'time', for: 5_000, onConflict: 'keep' } as const;
    const task = running({ unique });
    site.end(task, keptFor(100));
    expect(site.row(task.id)!.expires_at).toBe(site.now + 5_000);
    const other = running({ unique: { ...unique, key: 'other', until: 'ended' } });
    site.end(other, keptFor(100));
    expect(site.row(other.id)!.expires_at).toBe(site.now + 100);
    const last = running({ unique: { ...unique, key: 'last' } });
    site.end(last, keptFor(null));
    expect(site.row(last.id)!.expires_at).toBeNull();
  });

  it('wakes the step that has called the task', () => {
    const id = suspendedCaller();
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
    expect(site.told).toHaveLength(many);
    expect(site.told[0]).toMatchObject({ event: 'completed' });
    expect(site.last.touched.get(QUEUE)).toHaveLength(many);
  });

  it('leave out those whose lease was lost', () => {
    const all = completions(claimMany(12));
    site.run(`UPDATE tasks_task SET attempt = 2 WHERE seq IN (?, ?)`, all[3]!.task.seq, all[11]!.task.seq);
    expect(complete(all)).toEqual([all[3], all[11]]);
    expect(site.counts()).toEqual({ 'default completed': 10, 'default running': 2 });
    expect(attempts()).toHaveLength(10);
    expect(attempts()[0]).toMatchObject({ outcome: 'completed', worker: 'one' });
    expect(site.told).toHaveLength(10);
    expect(site.told[0]).toMatchObject({ event: 'completed' });
    expect(complete(all.slice(0, 10))).toEqual(all.slice(0, 10));
  });

  it('of several workers name the lease of each', () => {
    const tasks = claimMany(12).map((task, index) => (index === 9 ? { ...task, worker: 'two' } : task));
    site.run(`UPDATE tasks_task SET worker = 'two' WHERE seq = ?`, tasks[9]!.seq);
    expect(complete(completions(tasks))).toEqual([]);
    expect(attempts().map(({ worker }) => worker)).toEqual(tasks.map(({ worker }) => worker));
  });

  it('are kept as long as their keys are held by time', () => {
    const unique = { key: 'k', until: 'time', for: 5_000, onConflict: 'keep' } as const;
    site.add(...Array.from({ length: 10 }, (_, index) => ({ traits: { unique: { ...unique, key: `${index}` } } })));
    complete(completions(site.claim({ wanted: 10 })));
    expect(site.find('SELECT DISTINCT expires_at FROM tasks_task')).toEqual([{ expires_at: site.now + 5_000 }]);
  });
});

describe('A retry', () => {
  it('waits for its time, and counts against the attempts', () => {
    const task = running({ deadlineAt: site.now + 9_000, startBy: site.now + 2_000 });
    expect(site.end(task, { ...retryAt(site.now + 500), maxAttempts: 8 })).toBe(true);
    expect(site.row(task.id)).toMatchObject({
      state: 'retryable',
      run_at: site.now + 500,
      excused: 0,
      max_attempts: 8,
      started_at: site.now,
    });
    expect(site.last.dueAt).toBe(site.now + 500);
    expect(lapse()).toBe(site.now + 9_000);
    expect(attempts()).toMatchObject([{ outcome: 'retried', error_message: 'not yet' }]);
    expect(metric()).toMatchObject([{ retried: 1 }]);
    expect(site.told).toMatchObject([{ event: 'retried', error: { message: 'not yet' } }]);
    expect(site.counts()).toEqual({ 'default retryable': 1 });
    expect(site.last.available.size).toBe(0);
  });

  it('is available where its time has come, and is excused where it does not count', () => {
    const task = running();
    site.end(task, retryAt(site.now, false));
    expect(site.row(task.id)).toMatchObject({ state: 'available', excused: 1 });
    expect(site.last.dueAt).toBe(Infinity);
    expect(site.told).toEqual([]);
    expect(attempts()).toMatchObject([{ outcome: 'snoozed' }]);
    expect(metric()).toMatchObject([{ retried: 0, completed: 0, run_total: 0 }]);
    expect(lapse()).toBeUndefined();
  });

  it('closes the limit that it was told to', () => {
    const [one, other] = [running(), running()];
    site.end(one, { ...retryAt(site.now + 500), closes: { limit: null } } as Outcome);
    expect(site.find('SELECT name, closed_at, closed_until FROM tasks_queue')).toEqual([
      { name: QUEUE, closed_at: site.now, closed_until: site.now + 500 },
    ]);
    site.end(other, { ...retryAt(site.now + 700), closes: { limit: 'api' } } as Outcome);
    expect(site.find('SELECT name, closed_at, closed_until FROM tasks_limit')).toEqual([
      { name: 'limit:api', closed_at: site.now, closed_until: site.now + 700 },
    ]);
  });
});

describe('A task that is handed back', () => {
  it('is as it was before its claim, where it had not begun', () => {
    const task = running({ startBy: site.now + 2_000, deadlineAt: site.now + 9_000 });
    site.run('DELETE FROM tasks_lapse');
    expect(site.end(task, { kind: 'released', maxAttempts: 4 }, null)).toBe(true);
    expect(site.row(task.id)).toMatchObject({ state: 'available', attempt: 0, worker: null, started_at: null });
    expect(lapse()).toBe(site.now + 2_000);
    expect(attempts()).toEqual([]);
    expect(site.counts()).toEqual({ 'default available': 1 });
    expect(site.last.touched.get(QUEUE)).toEqual([task.id]);
    expect(site.last.available.has(QUEUE)).toBe(true);
  });

  it('lapses at its deadline alone, where an attempt had begun before', () => {
    const task = running({ startBy: site.now + 2_000, deadlineAt: site.now + 9_000 });
    site.end(task, retryAt(site.now));
    site.run('DELETE FROM tasks_lapse');
    site.end(site.claim()[0]!, { kind: 'released', maxAttempts: 4 }, null);
    expect(site.row(task.id)).toMatchObject({ attempt: 1 });
    expect(lapse()).toBe(site.now + 9_000);
  });

  it('has its attempt on record where it had begun, and excused', () => {
    const task = running({ startBy: site.now + 2_000, deadlineAt: site.now + 9_000 });
    site.run('DELETE FROM tasks_lapse');
    expect(site.end(task, { kind: 'released', maxAttempts: 4 })).toBe(true);
    expect(site.row(task.id)).toMatchObject({ state: 'available', attempt: 1, excused: 1 });
    expect(attempts()).toMatchObject([{ outcome: 'released' }]);
    expect(site.find(`SELECT wait_total, run_histogram <> '[]' AS run FROM tasks_metric`)).toEqual([
      { wait_total: 0, run: 1 },
    ]);
    expect(lapse()).toBe(site.now + 9_000);
    expect(site.counts()).toEqual({ 'default available': 1 });
    const plain = running();
    site.end(plain, { kind: 'released', maxAttempts: 4 });
    expect(site.find('SELECT * FROM tasks_lapse')).toHaveLength(1);
  });

  it('keeps its slot', () => {
    site.limit(QUEUE, { keyConcurrency: 1 });
    site.add({ traits: { key: 'a' } }, { traits: { key: 'a' } });
    const [task] = site.claim();
    site.end(task!, { kind: 'released', maxAttempts: 4 }, null);
    expect(site.counts()).toEqual({ 'default available': 1, 'default held': 1 });
    expect(site.claim()[0]!.id).toBe(task!.id);
  });
});

describe('A task that is left to others', () => {
  const declined = {
    kind: 'declined',
    maxAttempts: 4,
    wait: 5_000,
    keepFor: null,
    error: { name: 'E', message: 'nobody' },
  } as const;

  it('is due again later, and fails once it has waited too long', () => {
    const task = running({ startBy: site.now + 90_000 });
    site.run('DELETE FROM tasks_lapse');
    const since = site.now;
    expect(site.end(task, declined, null)).toBe(true);
    expect(site.row(task.id)).toMatchObject({
      state: 'scheduled',
      attempt: 0,
      worker: null,
      run_at: since + 1_000,
      unhandled_since: since,
    });
    expect(site.last.dueAt).toBe(since + 1_000);
    expect(site.find('SELECT queue, name FROM tasks_unhandled')).toEqual([{ queue: QUEUE, name: 'work' }]);
    expect(site.counts()).toEqual({ 'default scheduled': 1 });
    expect(lapse()).toBe(since + 90_000);
    site.now = since + 4_900;
    site.act('run-now', task.id);
    site.end(site.claim()[0]!, declined, null);
    expect(site.row(task.id)).toMatchObject({ state: 'scheduled', run_at: site.now + 1_225, unhandled_since: since });
    site.now = since + 5_000;
    site.act('run-now', task.id);
    expect(site.end(site.claim()[0]!, declined, null)).toBe(true);
    expect(site.row(task.id)).toMatchObject({ state: 'failed' });
  });

  it('has given its slot back', () => {
    site.limit(QUEUE, { keyConcurrency: 1 });
    const ids = site.add({ traits: { key: 'a' } }, { traits: { key: 'a' } });
    site.end(site.claim()[0]!, declined, null);
    expect(site.states(ids)).toEqual(['scheduled', 'available']);
  });
});

describe('A task that is not begun by its time', () => {
  const expired = { kind: 'cancelled', maxAttempts: 7, keepFor: 900, reason: 'expired' } as const;

  it('ends as if it had never been claimed', () => {
    site.limit(QUEUE, { keyConcurrency: 1 });
    const id = suspendedCaller({ key: 'a' });
    site.add({ traits: { key: 'a' } });
    const [task] = site.claim();
    expect(site.end(task!, expired, null)).toBe(true);
    expect(site.row('called')).toMatchObject({
      state: 'cancelled',
      attempt: 0,
      worker: null,
      started_at: null,
      finished_at: site.now,
      expires_at: site.now + 900,
      max_attempts: 7,
    });
    expect(JSON.parse(site.row('called')!.traits as string)).toMatchObject({ reason: 'expired' });
    expect(site.told).toEqual([{ event: 'cancelled', task: { id: 'called', queue: QUEUE, name: 'work', attempt: 0 } }]);
    expect(site.find('SELECT cancelled FROM tasks_metric')).toEqual([{ cancelled: 1 }]);
    expect(site.counts()).toEqual({ 'default available': 2, 'default cancelled': 1 });
    expect(site.last.touched.get(QUEUE)).toContain('called');
    expect(site.states([id])).toEqual(['available']);
  });
});

describe('A time to have started, or ended, by', () => {
  const lapseAll = (limit = 9): number =>
    site.write((transaction) =>
      lapseTasks(transaction, site.now, limit, (_queue, state) => (state === 'failed' ? 30 : 7), {
        wakeDue,
        tellOfEnd,
      }),
    );

  it('cancels what has not started, and fails what has not ended', () => {
    const id = suspendedCaller({ startBy: site.now + 10, deadlineAt: site.now + 99 });
    const late = 'called';
    const [due, other] = site.add(
      { traits: { deadlineAt: site.now + 20, onFailed: { queue: 'other', name: 'told' } } },
      { traits: { deadlineAt: site.now + 30 } },
    ) as [string, string];
    expect(nextLapseAt(site.database)).toBe(site.now + 10);
    site.now += 9;
    expect(lapseAll()).toBe(0);
    site.now += 1;
    expect(lapseAll()).toBe(1);
    expect(site.row(late)).toMatchObject({ state: 'cancelled', finished_at: site.now, expires_at: site.now + 7 });
    expect(JSON.parse(site.row(late)!.traits as string)).toMatchObject({ reason: 'expired' });
    expect(site.row(late)!.error_group).toBeNull();
    expect(site.told).toEqual([{ event: 'cancelled', task: expect.objectContaining({ id: late }) as unknown }]);
    expect(site.states([id])).toEqual(['available']);
    site.now += 10;
    expect(lapseAll()).toBe(1);
    expect(site.row(due)).toMatchObject({ state: 'failed', expires_at: site.now + 30 });
    expect(site.row(due)!.error_group).not.toBeNull();
    expect(site.told).toMatchObject([{ event: 'failed', error: { name: 'DeadlineError' } }]);
    const [told] = site.find(`SELECT id, params FROM tasks_task WHERE name = 'told'`);
    expect(JSON.parse(told!.params as string)).toMatchObject({ error: { name: 'DeadlineError' } });
    expect(told!.id).toContain('at-');
    expect(site.find('SELECT failed, cancelled FROM tasks_metric')).toMatchObject([{ failed: 1, cancelled: 1 }]);
    expect(site.last.touched.get(QUEUE)).toEqual([due]);
    expect(site.states([other])).toEqual(['available']);
    expect(nextLapseAt(site.database)).toBe(site.now + 10);
    expect(site.counts()).toMatchObject({ 'default available': 2, 'default cancelled': 1, 'default failed': 1 });
  });

  it('looks again at the deadline of what has started in time, and not at what runs, has ended or is gone', () => {
    const traits = { startBy: site.now + 10, deadlineAt: site.now + 90 };
    const [started, runs, gone] = site.add({ traits }, { traits }, { traits }) as [string, string, string];
    site.end(site.claim()[0]!, retryAt(site.now));
    site.run('UPDATE tasks_lapse SET at = ?', site.now + 10);
    site.run(`UPDATE tasks_task SET state = 'running' WHERE id = ?`, runs);
    site.run(`PRAGMA foreign_keys = OFF`);
    site.run('DELETE FROM tasks_task WHERE id = ?', gone);
    site.now += 10;
    lapseAll();
    expect(site.states([started, runs])).toEqual(['available', 'running']);
    expect(site.find('SELECT task, at FROM tasks_lapse')).toEqual([{ task: site.seq(started), at: site.now + 80 }]);
    expect(site.last.lapseAt).toBe(site.now + 80);
    site.run(`UPDATE tasks_task SET state = 'completed'`);
    site.now += 80;
    expect(lapseAll()).toBe(1);
    expect(site.states([started])).toEqual(['completed']);
    expect(nextLapseAt(site.database)).toBeNull();
    expect(lapseAll()).toBe(0);
  });

  it('goes through so many at once, gives slots back, and keeps what holds a key', () => {
    site.limit(QUEUE, { keyConcurrency: 1 });
    const startBy = site.now + 10;
    const unique = { key: 'k', until: 'time', for: 5_000, onConflict: 'keep' } as const;
    const ids = site.add({ traits: { key: 'a', startBy, unique } }, { traits: { key: 'a' } }, { traits: { startBy } });
    const since = site.now;
    site.now += 10;
    expect(lapseAll(1)).toBe(1);
    expect(site.states(ids)).toEqual(['cancelled', 'available', 'available']);
    expect(site.row(ids[0]!)!.expires_at).toBe(since + 5_000);
    expect(lapseAll(1)).toBe(1);
    expect(site.states(ids)).toEqual(['cancelled', 'available', 'cancelled']);
  });

  it('has a suspended task go on at its time, and end at its deadline', () => {
    const sleep = (until: number): StepRecord => {
      const place = { kind: 'sleep', name: 'grace', number: 0, position: 1 } as const;
      return { ...place, result: null, sensitive: [], wait: { until }, startedAt: site.now, finishedAt: null };
    };
    const [first, second] = [running({ deadlineAt: site.now + 500 }), running({ deadlineAt: site.now + 50 })];
    site.end(first, { kind: 'suspended', maxAttempts: 4, waits: [sleep(site.now + 100)] });
    site.end(second, { kind: 'suspended', maxAttempts: 4, waits: [sleep(site.now + 100)] });
    site.now += 50;
    lapseAll();
    expect(site.states([first.id, second.id])).toEqual(['suspended', 'failed']);
    expect(JSON.parse(site.row(second.id)!.traits as string)).not.toHaveProperty('waitingFor');
    site.now += 50;
    lapseAll();
    expect(site.states([first.id])).toEqual(['available']);
    expect(lapse()).toBe(site.now + 400);
  });
});

describe('More ended tasks than are kept', () => {
  const excess = (keep: number | null) =>
    excesses(site.database, ['completed', 'failed'], (_queue, state) => (state === 'completed' ? keep : null));

  it('are counted, and those go that ended first', () => {
    const ids = site.add({}, {}, { name: 'other' }, {}, {});
    const tasks = site.claim({ wanted: 5 });
    for (const index of [1, 0, 2, 3]) {
      site.now += 10;
      site.end(tasks[index]!);
    }
    site.end(tasks[4]!, failed());
    expect(excess(4)).toEqual([]);
    expect(excess(null)).toEqual([]);
    expect(excess(1)).toEqual([{ queue: QUEUE, state: 'completed', tasks: 3 }]);
    const go = (limit: number) =>
      site.write((transaction) => deleteExcess(transaction, excess(1)[0]!, limit, site.now));
    expect(go(1)).toBe(1);
    expect(site.states(ids)).toEqual(['completed', undefined, 'completed', 'completed', 'failed']);
    expect(site.last.touched.get(QUEUE)).toEqual([ids[1]]);
    expect(go(9)).toBe(2);
    expect(site.states(ids)).toEqual([undefined, undefined, undefined, 'completed', 'failed']);
    expect(site.counts()).toEqual({ 'default completed': 1, 'default failed': 1 });
  });

  it('go in the order of their numbers where they ended at once, and are looked at as far as 200 beyond', () => {
    const ids = site.add(...Array.from({ length: 205 }, (_, index) => ({ name: index % 2 ? 'work' : 'other' })));
    site.run(`UPDATE tasks_task SET state = 'completed', finished_at = 1000`);
    site.run(`UPDATE tasks_count SET state = 'completed'`);
    site.run(`UPDATE tasks_task SET finished_at = 1 WHERE id IN (?, ?)`, ids[202]!, ids[201]!);
    const gone = site.write((transaction) =>
      deleteExcess(transaction, { queue: QUEUE, state: 'completed', tasks: 2 }, 9, site.now),
    );
    expect(gone).toBe(2);
    expect(ids.filter((id) => !site.row(id))).toEqual([ids[0], ids[201]]);
  });
});
