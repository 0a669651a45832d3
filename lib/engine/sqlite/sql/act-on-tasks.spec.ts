import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, failed, retryAt } from '../../../../test/conformance/harness.js';
import { QUEUE, QuietStore } from '../../../../test/support/quiet-store.js';
import { hasEnded, type TaskAction, type TaskState, type TaskTraits } from '../../../contract/index.js';
import { actOnTask, findTask } from './act-on-tasks.js';

let site: QuietStore;

beforeEach(async () => void (site = await QuietStore.open()));
afterEach(() => site.close());

/** A task in this state. */
function taskIn(state: TaskState, traits?: TaskTraits): string {
  const [id] = site.add({ runAt: state === 'scheduled' ? site.now + 100 : site.now, ...(traits && { traits }) });
  if (state === 'scheduled' || state === 'available' || state === 'held') return id!;
  const task = site.claim()[0]!;
  if (state === 'completed') site.end(task, completed);
  if (state === 'failed') site.end(task, failed());
  if (state === 'cancelled') site.end(task, { kind: 'cancelled', maxAttempts: 4, keepFor: null });
  if (state === 'retryable') site.end(task, retryAt(site.now + 100));
  if (state === 'suspended') {
    site.end(task, { kind: 'suspended', maxAttempts: 4, waits: [site.wait('sleep', { until: site.now + 100 })] });
  }
  expect(site.states([id!])).toEqual([state]);
  return id!;
}

const traitsOf = (id: string): unknown => JSON.parse((site.row(id)!.traits as string | null) ?? 'null');

describe('An action', () => {
  it.each<[TaskAction, TaskState]>([
    ['retry', 'available'],
    ['retry', 'scheduled'],
    ['retry', 'running'],
    ['retry', 'completed'],
    ['retry', 'suspended'],
    ['run-now', 'available'],
    ['run-now', 'failed'],
    ['delete', 'running'],
    ['cancel', 'failed'],
  ])('is not carried out where it does not apply: %s of what is %s', (action, state) => {
    const id = taskIn(state);
    const before = site.row(id);
    expect(site.act(action, id)).toEqual({});
    expect(site.row(id)).toEqual(before);
    expect(site.last.touched.size).toBe(0);
  });

  it('finds its task by either number', () => {
    const id = taskIn('available', { key: 'a', tags: { a: 'b' } });
    site.write((transaction) => {
      const found = findTask(transaction, { id })!;
      expect(found).toEqual({
        seq: site.seq(id),
        id,
        queue: QUEUE,
        name: 'work',
        state: 'available',
        attempt: 0,
        traits: '{"key":"a","tags":{"a":"b"}}',
        key: 'a',
      });
      expect(findTask(transaction, { seq: found.seq })).toEqual(found);
      expect(findTask(transaction, { id: 'none' })).toBeUndefined();
    });
  });
});

describe('A retry by hand', () => {
  it.each(['failed', 'cancelled'] as const)('has a task that was %s run anew, with all its attempts', (state) => {
    const id = taskIn(state);
    site.run(`UPDATE tasks_task SET lost = 2, cancel_requested = 1, progress = 50, parked = 'limit:x', expires_at = 5`);
    site.clock.advance(10);
    expect(site.act('retry', id)).toBeNull();
    expect(site.row(id)).toMatchObject({
      state: 'available',
      run_at: site.now,
      attempt: 1,
      excused: 1,
      lost: 0,
      finished_at: null,
      expires_at: null,
      cancel_requested: 0,
      progress: null,
      error_group: null,
      parked: null,
    });
    expect(site.counts()).toEqual({ 'default available': 1 });
    expect(site.last.available.has(QUEUE)).toBe(true);
    expect(site.last.touched.get(QUEUE)).toEqual([id]);
    expect(site.claim()[0]!.attempt).toBe(2);
  });

  it('has one that waits for its next attempt only run sooner', () => {
    const id = taskIn('retryable');
    expect(site.act('retry', id)).toBeNull();
    expect(site.row(id)).toMatchObject({ state: 'available', run_at: site.now, excused: 0 });
    expect(site.counts()).toEqual({ 'default available': 1 });
  });

  it('binds the task no more to times that are over, and to the others', () => {
    const { now } = site;
    const both = taskIn('failed', { startBy: now + 5, deadlineAt: now + 50, tags: { a: 'b' } });
    const [neither, plain] = [taskIn('failed', { startBy: now + 5 }), taskIn('failed')];
    site.run('DELETE FROM tasks_lapse');
    site.clock.advance(5);
    for (const id of [both, neither, plain]) site.act('retry', id);
    expect(traitsOf(both)).toEqual({ deadlineAt: now + 50, tags: { a: 'b' } });
    expect(site.find('SELECT task, at FROM tasks_lapse')).toEqual([{ task: site.seq(both), at: now + 50 }]);
    expect(site.row(neither)!.traits).toBeNull();
    expect(site.row(plain)!.traits).toBeNull();
  });

  it('has a time to start by bind one that has never started', () => {
    const started = taskIn('failed', { startBy: site.now + 50, deadlineAt: site.now + 90 });
    site.act('retry', started);
    expect(site.last.lapseAt).toBe(site.now + 90);
    const id = taskIn('scheduled', { startBy: site.now + 50, deadlineAt: site.now + 90 });
    site.act('cancel', id);
    site.run('DELETE FROM tasks_lapse');
    site.act('retry', id);
    expect(site.find('SELECT at FROM tasks_lapse')).toEqual([{ at: site.now + 50 }]);
    expect(site.last.lapseAt).toBe(site.now + 50);
  });

  it('calls anew what a task with steps has called', () => {
    const [steps, again, plain] = [
      taskIn('failed', { steps: true }),
      taskIn('failed', { steps: true, generation: 4 }),
      taskIn('failed', { version: 2 }),
    ];
    for (const id of [steps, again, plain]) site.act('retry', id);
    expect([steps, again, plain].map(traitsOf)).toEqual([
      { steps: true, generation: 1 },
      { steps: true, generation: 5 },
      { version: 2 },
    ]);
  });

  it('takes the key of the task again, or is refused where another one holds it', () => {
    const unique = { key: 'k', until: 'ended', onConflict: 'keep' } as const;
    const waiting = taskIn('retryable', { unique: { ...unique, key: 'own' } });
    const before = taskIn('failed', { unique });
    const id = taskIn('failed', { unique });
    const [other] = site.add({ traits: { unique } });
    expect(site.act('retry', id)).toEqual({ holder: other });
    expect(site.states([id])).toEqual(['failed']);
    expect(site.last.touched.size).toBe(0);
    expect(site.act('delete', before)).toBeNull();
    // One that waits for its retry has its key still.
    expect(site.act('retry', waiting)).toBeNull();
    site.run('DELETE FROM tasks_task WHERE id = ?', other!);
    site.run('UPDATE tasks_count SET count = count - 1 WHERE state = ?', 'available');
    expect(site.act('retry', id)).toBeNull();
    expect(site.find('SELECT attempt FROM tasks_unique WHERE task = ?', site.seq(id))).toEqual([{ attempt: 1 }]);
  });

  it('has a task of a workflow counted by its node, without the cause', () => {
    const workflow = { id: 'w', node: 'n', cause: 'other' };
    const plain = taskIn('failed', { version: 2 });
    const id = taskIn('failed', { workflow, reason: 'condition' });
    site.run('DELETE FROM tasks_settling');
    site.act('retry', id);
    expect(traitsOf(id)).toEqual({ workflow: { id: 'w', node: 'n' } });
    expect(site.find('SELECT task FROM tasks_settling')).toEqual([{ task: site.seq(id) }]);
    site.run('DELETE FROM tasks_settling');
    site.act('retry', plain);
    expect(site.find('SELECT task FROM tasks_settling')).toEqual([]);
  });

  it('has one with a key wait for a slot, behind what came before', () => {
    const id = taskIn('failed', { key: 'a' });
    site.limit(QUEUE, { keyConcurrency: 1 });
    const [other] = site.add({ traits: { key: 'a' } });
    site.act('retry', id);
    expect(site.states([id, other!])).toEqual(['held', 'available']);
    expect(site.counts()).toEqual({ 'default available': 1, 'default held': 1 });
  });
});

describe('Run now', () => {
  it.each(['scheduled', 'retryable'] as const)('has a task run that is %s', (state) => {
    const id = taskIn(state, { tags: { a: 'b' }, startBy: site.now + 1 });
    site.clock.advance(1);
    expect(site.act('run-now', id)).toBeNull();
    expect(site.row(id)).toMatchObject({ state: 'available', run_at: site.now, excused: 0 });
    expect(traitsOf(id)).toHaveProperty('startBy');
    expect(site.counts()).toEqual({ 'default available': 1 });
    expect(site.last.touched.get(QUEUE)).toEqual([id]);
  });
});

describe('A cancel', () => {
  it.each(['scheduled', 'available', 'retryable', 'suspended'] as const)('ends a task that is %s', (state) => {
    const id = taskIn(state, { tags: { a: 'b' } });
    expect(site.act('cancel', id)).toBeNull();
    expect(site.row(id)).toMatchObject({ state: 'cancelled', finished_at: site.now, expires_at: site.now + 1_000 });
    expect(traitsOf(id)).not.toHaveProperty('waitingFor');
    expect(site.counts()).toEqual({ 'default cancelled': 1 });
    expect(site.find('SELECT sum(cancelled) AS cancelled FROM tasks_metric')).toEqual([{ cancelled: 1 }]);
    expect(site.last.events!).toEqual([
      expect.objectContaining({ event: 'cancelled', task: expect.objectContaining({ id }) as unknown }),
    ]);
    expect(site.last.touched.get(QUEUE)).toEqual([id]);
    expect(site.last.cancelRequested).toBe(false);
  });

  it('asks a worker to end what runs', () => {
    const id = taskIn('running');
    expect(site.act('cancel', id)).toBeNull();
    expect(site.row(id)).toMatchObject({ state: 'running', cancel_requested: 1 });
    expect(site.last.cancelRequested).toBe(true);
    expect(site.last.events!).toEqual([]);
    expect(site.counts()).toEqual({ 'default running': 1 });
    expect(site.find('SELECT * FROM tasks_metric')).toEqual([]);
  });

  it('asks how long a cancelled task of the queue is kept', () => {
    const id = taskIn('available');
    const asked: unknown[] = [];
    site.write((transaction) => {
      const keep = (...which: unknown[]): null => (asked.push(which), null);
      actOnTask(transaction, 'cancel', findTask(transaction, { id })!, site.now, keep);
    });
    expect(asked).toEqual([[QUEUE, 'cancelled']]);
    expect(site.row(id)!.expires_at).toBeNull();
  });

  it('keeps the task as long as its key is held by time', () => {
    const id = taskIn('available', { unique: { key: 'k', until: 'time', for: 9_000, onConflict: 'keep' } });
    site.act('cancel', id);
    expect(site.row(id)!.expires_at).toBe(site.now + 9_000);
  });

  it('leaves a note alone of a task that waits for nothing', () => {
    const id = taskIn('available', { waitingFor: { until: 5 } } as unknown as TaskTraits);
    site.act('cancel', id);
    expect(traitsOf(id)).toHaveProperty('waitingFor');
  });
});

describe('A task that is gone', () => {
  it.each(['delete', 'cancel'] as const)('wakes the step that has called it: %s', (action) => {
    site.suspendedCaller();
    expect(site.act(action, 'called')).toBeNull();
    expect(site.states(['caller'])).toEqual(['available']);
  });

  it.each(['scheduled', 'available', 'retryable', 'suspended', 'completed', 'failed', 'cancelled'] as const)(
    'was %s before',
    (state) => {
      const id = taskIn(state);
      expect(site.act('delete', id)).toBeNull();
      expect(site.row(id)).toBeUndefined();
      expect(site.counts()).toEqual({});
      expect(site.last.touched.get(QUEUE)).toEqual([id]);
      expect(hasEnded(state) || site.last.events!.length === 0).toBe(true);
    },
  );

  it.each(['delete', 'cancel'] as const)('gives its slot back: %s', (action) => {
    site.limit(QUEUE, { keyConcurrency: 1 });
    const ids = site.add({ traits: { key: 'a' } }, { traits: { key: 'a' } });
    site.act(action, ids[0]!);
    expect(site.states([ids[1]!])).toEqual(['available']);
  });

  it('is none of a workflow that has not ended', () => {
    const counters = 'blocked, running, completed, failed, cancelled, tasks, ended, keep_until';
    site.run(
      `INSERT INTO tasks_workflow (id, name, state, created_at, ${counters})
       VALUES ('w', 'order', 'running', 1, 0, 0, 0, 0, 0, 0, 0, 0)`,
    );
    const id = taskIn('failed', { workflow: { id: 'w', node: 'n' } });
    expect(site.act('delete', id)).toEqual({ workflow: 'w' });
    expect(site.states([id])).toEqual(['failed']);
    expect(site.last.touched.size).toBe(0);
    site.act('retry', id);
    expect(site.states([id])).toEqual(['available']);
    site.run(`UPDATE tasks_workflow SET state = 'failed'`);
    expect(site.act('delete', id)).toBeNull();
    expect(site.counts()).toEqual({});
  });
});
