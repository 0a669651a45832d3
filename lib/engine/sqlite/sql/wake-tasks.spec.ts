import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, MINUTE, START } from '../../../../test/conformance/harness.js';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import type { StepWait, TaskTraits } from '../../../contract/index.js';
import type { NewSignal, NewTask, StepRecord } from '../../port/index.js';
import { findTask } from './act-on-tasks.js';
import type { ClaimedTask } from './claim-tasks.js';
import { setFlow } from './set-flow.js';
import { answerBySignals, sendSignal, takeForAttempt } from './signal-rows.js';
import { readSteps } from './step-rows.js';
import { finishWait, isCallOver, openWaits, tellOfEnd, wakeDue, wakeTask } from './wake-tasks.js';

function waitFor(wait: StepWait, place: Partial<StepRecord> = {}): StepRecord {
  const open = { result: null, sensitive: [], startedAt: START, finishedAt: null };
  return { kind: 'wait', name: 'word', number: 0, position: 1, ...open, wait, ...place };
}

const calls = (task: string): StepRecord => waitFor({ task }, { kind: 'call', name: 'child' });

describe('A task that is suspended', () => {
  let site: QuietStore;

  beforeEach(async () => void (site = await QuietStore.open()));
  afterEach(() => site.close());

  const suspend = (claimed: ClaimedTask, ...waits: StepRecord[]) =>
    site.end(claimed, { kind: 'suspended', maxAttempts: 6, waits });
  /** A task that waits for this. */
  function suspended(waits: readonly StepRecord[], task: Partial<NewTask> = {}): NewTask {
    const [added] = site.store(task);
    const [claimed] = site.claim();
    expect(claimed!.id).toBe(added!.id);
    expect(suspend(claimed!, ...waits)).toBe(true);
    return added!;
  }
  const state = ({ id }: Pick<NewTask, 'id'>) => site.row(id)!['state'];
  const traitsOf = ({ id }: Pick<NewTask, 'id'>) => JSON.parse(site.row(id)!['traits'] as string) as TaskTraits;
  const send = ({ id }: Pick<NewTask, 'id'>, name: string, payload = '1', sensitive: string[] = []) =>
    site.write((transaction) =>
      sendSignal(transaction, id, { name, payload, sensitive } satisfies NewSignal, site.now),
    );
  const onTask = <T>(
    { id }: Pick<NewTask, 'id'>,
    does: (found: Parameters<typeof wakeDue>[1], transaction: Parameters<typeof wakeDue>[0]) => T,
  ) => site.write((transaction) => does(findTask(transaction, { id })!, transaction));

  it('has on record what it waits for, and an attempt that does not count', () => {
    const waits = [waitFor({ until: START + MINUTE, signals: ['word'] })];
    const [task] = site.store({ traits: { startBy: START + 1, deadlineAt: START + 5 * MINUTE } });
    const [claimed] = site.claim();
    const timing = { startedAt: START - 2, finishedAt: START };
    expect(suspend({ ...claimed!, worker: 'two' }, ...waits)).toBe(false);
    expect(site.find('SELECT 1 FROM tasks_step')).toEqual([]);
    suspend(claimed!, ...waits);
    expect(site.row(task!.id)).toMatchObject({
      state: 'suspended',
      run_at: START + MINUTE,
      started_at: timing.finishedAt,
      excused: 1,
      max_attempts: 6,
    });
    expect(traitsOf(task!)).toEqual({
      startBy: START + 1,
      deadlineAt: START + 5 * MINUTE,
      steps: true,
      waitingFor: {
        since: START,
        until: START + MINUTE,
        total: 1,
        waits: [{ kind: 'wait', name: 'word', until: START + MINUTE }],
      },
    });
    expect(site.find('SELECT attempt, outcome, error_name FROM tasks_attempt')).toEqual([
      { attempt: 1, outcome: 'snoozed', error_name: null },
    ]);
    expect(site.find('SELECT task, at FROM tasks_lapse')).toEqual([{ task: 1, at: START + MINUTE }]);
    expect(site.last.lapseAt).toBe(START + MINUTE);
    expect(openWaits(site.database, 1)).toEqual([
      { kind: 'wait', name: 'word', number: 0, wait: { until: START + MINUTE, signals: ['word'] } },
    ]);
  });

  it('without a time is due by the clock, and waits for as long as it takes', () => {
    const task = suspended([waitFor({ signals: ['word'] })], { runAt: START - 5 });
    expect(site.row(task.id)).toMatchObject({ state: 'suspended', run_at: START });
    expect(site.find('SELECT task, at FROM tasks_lapse')).toEqual([]);
    expect(site.last.lapseAt).toBe(Infinity);
  });

  it('goes on by a signal that it waits for, and keeps each other one', () => {
    const task = suspended([
      waitFor({ signals: ['other'] }, { name: 'first', position: 1 }),
      waitFor({ until: START + MINUTE }, { kind: 'sleep', name: 'nap', position: 2 }),
      waitFor({ signals: ['a', 'word'] }, { position: 3 }),
    ]);
    expect(send(task, 'none', '7', ['x'])).toEqual({ done: true, state: 'suspended' });
    expect(site.last.touched).toEqual(new Map([['default', [task.id]]]));
    expect(state(task)).toBe('suspended');
    const kept = 'SELECT task, name, sent_at, sensitive, payload FROM tasks_signal ORDER BY id';
    expect(site.find(kept)).toEqual([{ task: 1, name: 'none', sent_at: START, sensitive: '["x"]', payload: '7' }]);
    site.clock.advance(5);
    expect(send(task, 'word', '{"a":1}', ['a'])).toEqual({ done: true, state: 'suspended' });
    expect(site.find(kept)).toHaveLength(1);
    expect(site.row(task.id)).toMatchObject({ state: 'available', run_at: START + 5 });
    expect(site.last.available).toEqual(new Set(['default']));
    expect(site.last.touched).toEqual(new Map([['default', [task.id]]]));
    expect(traitsOf(task)).toEqual({ steps: true });
    // What it waits for no more is kept for its next attempt.
    send(task, 'other');
    expect(site.find(kept)[1]).toMatchObject({ sensitive: null, payload: '1' });
    const [claimed] = site.claim();
    const { steps } = readSteps(site.database, claimed!, null);
    expect(steps.find(({ name }) => name === 'word')).toMatchObject({
      wait: { signals: ['a', 'word'], signal: 'word' },
      result: '{"a":1}',
      sensitive: ['a'],
      finishedAt: START + 5,
    });
    expect(steps.filter(({ finishedAt }) => finishedAt === null).map(({ name }) => name)).toEqual(['nap', 'first']);
  });

  it('goes on at once where a signal was there before it', () => {
    const [task] = site.store({});
    const [claimed] = site.claim();
    expect(send(task!, 'b')).toEqual({ done: true, state: 'running' });
    expect(site.row(task!.id)!['beside']).toBe(1);
    send(task!, 'a', '2', ['p']);
    const asked = (...signals: string[]) => waitFor({ signals }, { name: signals.join('|'), position: 4 });
    const take = (lease: ClaimedTask, wait: StepRecord) =>
      site.write((transaction) => takeForAttempt(transaction, lease, wait, START + 3));
    expect(take(claimed!, asked('none'))).toBeNull();
    expect(site.last.touched).toEqual(new Map());
    expect(take({ ...claimed!, attempt: 2 }, asked('a'))).toBeNull();
    expect(take(claimed!, { ...asked('a'), wait: null })).toBeNull();
    const taken = {
      ...asked('a'),
      wait: { signals: ['a'], signal: 'a' },
      result: '2',
      sensitive: ['p'],
      finishedAt: START + 3,
    };
    expect(take(claimed!, asked('a'))).toEqual(taken);
    expect(site.last.touched).toEqual(new Map([['default', [task!.id]]]));
    expect(readSteps(site.database, claimed!, null).steps).toEqual([taken]);
    expect(take(claimed!, asked('a', 'none'))).toBeNull();
    send(task!, 'plain', '3');
    expect(take(claimed!, asked('plain'))).toMatchObject({ result: '3', sensitive: [] });
    suspend(
      claimed!,
      waitFor({ until: START + MINUTE }, { kind: 'sleep', name: 'nap' }),
      waitFor({ signals: ['b'] }, { position: 2 }),
    );
    expect(state(task!)).toBe('available');
    expect(site.find('SELECT 1 FROM tasks_signal')).toEqual([]);
    const [again] = site.claim();
    const word = readSteps(site.database, again!, null).steps.find(({ name }) => name === 'word');
    expect(word).toMatchObject({ result: '1', sensitive: [], wait: { signal: 'b' } });
    site.end(again!, completed);
    expect(send(task!, 'b')).toEqual({ done: false, state: 'completed' });
    expect(send({ id: 'none' }, 'b')).toEqual({ done: false, state: null });
  });

  it('has its waits answered by the signals that were sent, and no others', () => {
    const task = suspended([
      waitFor({ signals: ['a'] }, { name: 'one' }),
      waitFor({ signals: ['b'] }, { name: 'two', position: 2 }),
    ]);
    expect(site.write(({ database }) => answerBySignals(database, 1, START))).toBe(false);
    send(task, 'c');
    expect(site.write(({ database }) => answerBySignals(database, 1, START))).toBe(false);
    site.run(`UPDATE tasks_signal SET name = 'b'`);
    expect(site.write(({ database }) => answerBySignals(database, 1, START))).toBe(true);
    expect(openWaits(site.database, 1).map(({ name }) => name)).toEqual(['one']);
  });

  it('goes on once its time has come, and is looked at again where it has not', () => {
    const task = suspended(
      [waitFor({ until: START + MINUTE }), waitFor({ until: START + 2 * MINUTE }, { name: 'two', position: 2 })],
      { traits: { startBy: START + 1 } },
    );
    site.run('DELETE FROM tasks_lapse');
    onTask(task, (found, transaction) => wakeDue(transaction, found, START + MINUTE - 1));
    expect(state(task)).toBe('suspended');
    expect(site.find('SELECT at FROM tasks_lapse')).toEqual([{ at: START + MINUTE }]);
    onTask(task, (found, transaction) => wakeDue(transaction, found, START + MINUTE));
    expect(site.row(task.id)).toMatchObject({ state: 'available', run_at: START + MINUTE });
    expect(openWaits(site.database, 1).map(({ name }) => name)).toEqual(['two']);
    const [over] = site.find(`SELECT result, sensitive, finished_at, wait FROM tasks_step WHERE name = 'word'`);
    expect(over).toEqual({
      result: 'null',
      sensitive: null,
      finished_at: START + MINUTE,
      wait: `{"until":${START + MINUTE}}`,
    });
    // Once it goes on, nothing wakes it again.
    onTask(task, (found, transaction) => wakeTask(transaction, found, START + 9));
    expect(site.row(task.id)!['run_at']).toBe(START + MINUTE);
    expect(site.last.touched).toEqual(new Map());
  });

  it('goes on where it waits for nothing', () => {
    const task = suspended([waitFor({ signals: ['a'] })]);
    site.run('DELETE FROM tasks_step');
    onTask(task, (found, transaction) => wakeDue(transaction, found, START));
    expect(state(task)).toBe('available');
  });

  it('is not suspended for what is over by then', () => {
    const task = suspended([waitFor({ until: START })]);
    expect(state(task)).toBe('available');
    expect(traitsOf(task)).toEqual({ steps: true });
  });

  it('is not suspended for a call of a task that is gone', () => {
    const task = suspended([calls('gone')]);
    expect(state(task)).toBe('available');
  });

  it('goes on when the task that it calls has ended, or is gone', () => {
    const [child] = site.store({ queue: 'mail' });
    const caller = suspended([calls(child!.id)]);
    expect(isCallOver(site.database, 2)).toBe(false);
    const ends = (called: Partial<{ task: string; step: string; number: number }>, id = child!.id) =>
      site.write((transaction) => {
        const where = { task: caller.id, step: 'child', number: 0, ...called };
        tellOfEnd(transaction, { seq: 1, id, traits: { caller: where } }, START + 4);
      });
    ends({ step: 'other' });
    ends({ number: 1 });
    ends({}, 'other');
    ends({ task: 'none' });
    site.write((transaction) => tellOfEnd(transaction, { seq: 1, id: child!.id, traits: {} }, START + 4));
    site.write((transaction) => tellOfEnd(transaction, { seq: 1, id: child!.id }, START + 4));
    expect(state(caller)).toBe('suspended');
    expect(site.find('SELECT 1 FROM tasks_settling')).toEqual([]);
    ends({});
    expect(site.row(caller.id)).toMatchObject({ state: 'available', run_at: START + 4 });
    const [claimed] = site.claim({ queue: 'mail' });
    site.end(claimed!, completed);
    expect(isCallOver(site.database, 2)).toBe(true);
    site.run(`INSERT INTO tasks_step (task, attempt, kind, name, number, position, wait, started_at)
              VALUES (2, 1, 'call', 'other', 0, 2, '{"task":"${caller.id}"}', 1)`);
    expect(isCallOver(site.database, 2)).toBe(true);
  });

  it('of a workflow is counted by its node when it ends', () => {
    site.add({});
    const ofWorkflow: TaskTraits = { workflow: { id: 'w', node: 'n' } };
    site.write((transaction) => tellOfEnd(transaction, { seq: 1, id: 'x', traits: ofWorkflow }, START));
    expect(site.find('SELECT task, keep_until FROM tasks_settling')).toEqual([{ task: 1, keep_until: 0 }]);
    expect(site.last.settleAt).toBe(0);
  });

  it('waits for its deadline, and for a slot of its key', () => {
    site.write((transaction) => setFlow(transaction, 'default', { keyConcurrency: 1 }));
    const shared = { key: 'k', startBy: START + 1, deadlineAt: START + 9 * MINUTE };
    const task = suspended([waitFor({ signals: ['word'] })], { traits: shared });
    const [other] = site.store({ traits: { key: 'k' } });
    expect(state(other!)).toBe('available');
    site.run('DELETE FROM tasks_lapse');
    send(task, 'word');
    expect(state(task)).toBe('held');
    expect(traitsOf(task)).toEqual({ ...shared, steps: true });
    expect(site.find('SELECT task, at FROM tasks_lapse')).toEqual([{ task: 1, at: START + 9 * MINUTE }]);
    expect(site.last.lapseAt).toBe(START + 9 * MINUTE);
    const [claimed] = site.claim();
    site.end(claimed!, completed);
    expect(state(task)).toBe('available');
  });

  it('takes the slot of its key at once, where one is free', () => {
    site.write((transaction) => setFlow(transaction, 'default', { keyConcurrency: 1 }));
    const task = suspended([waitFor({ signals: ['word'] })], { traits: { key: 'k' } });
    send(task, 'word');
    expect(state(task)).toBe('available');
  });

  it('has one wait ended, by its place', () => {
    suspended([waitFor({ signals: ['a'] }), waitFor({ signals: ['a'] }, { number: 1, position: 2 })]);
    const [, second] = openWaits(site.database, 1);
    site.write(({ database }) => finishWait(database, 1, second!, { result: '5', sensitive: '["b"]' }, START + 1));
    expect(openWaits(site.database, 1).map(({ number }) => number)).toEqual([0]);
    expect(site.find('SELECT result, sensitive, finished_at FROM tasks_step WHERE number = 1')).toEqual([
      { result: '5', sensitive: '["b"]', finished_at: START + 1 },
    ]);
  });
});
