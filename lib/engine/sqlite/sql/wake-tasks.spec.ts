import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, MINUTE, START } from '../../../../test/conformance/harness.js';
import { StatementSite } from '../../../../test/support/statement-site.js';
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
  let site: StatementSite;

  beforeEach(async () => {
    site = await StatementSite.open();
  });
  afterEach(() => site.close());

  const suspend = (claimed: ClaimedTask, ...waits: StepRecord[]) =>
    site.end(claimed, { kind: 'suspended', maxAttempts: 6, waits });
  /** A task that waits for this. */
  async function suspended(waits: readonly StepRecord[], task: Partial<NewTask> = {}): Promise<NewTask> {
    const [added] = await site.add(task);
    const [claimed] = await site.claim(1);
    expect(claimed!.id).toBe(added!.id);
    expect(await suspend(claimed!, ...waits)).toBe(true);
    return added!;
  }
  const state = ({ id }: Pick<NewTask, 'id'>) => site.row(id)['state'];
  const traitsOf = ({ id }: Pick<NewTask, 'id'>) => JSON.parse(site.row(id)['traits'] as string) as TaskTraits;
  const send = ({ id }: Pick<NewTask, 'id'>, name: string, payload = '1', sensitive: string[] = []) =>
    site.run((transaction) => sendSignal(transaction, id, { name, payload, sensitive } satisfies NewSignal, site.now));
  const onTask = <T>(
    { id }: Pick<NewTask, 'id'>,
    does: (found: Parameters<typeof wakeDue>[1], transaction: Parameters<typeof wakeDue>[0]) => T,
  ) => site.run((transaction) => does(findTask(transaction, { id })!, transaction));

  it('has on record what it waits for, and an attempt that does not count', async () => {
    const waits = [waitFor({ until: START + MINUTE, signals: ['word'] })];
    const [task] = await site.add({ traits: { startBy: START + 1, deadlineAt: START + 5 * MINUTE } });
    const [claimed] = await site.claim(1);
    const timing = { startedAt: START - 2, finishedAt: START };
    expect(await suspend({ ...claimed!, worker: 'two' }, ...waits)).toBe(false);
    expect(site.all('SELECT 1 FROM tasks_step')).toEqual([]);
    await suspend(claimed!, ...waits);
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
    expect(site.all('SELECT attempt, outcome, error_name FROM tasks_attempt')).toEqual([
      { attempt: 1, outcome: 'snoozed', error_name: null },
    ]);
    expect(site.all('SELECT task, at FROM tasks_lapse')).toEqual([{ task: 1, at: START + MINUTE }]);
    expect(site.told.lapseAt).toBe(START + MINUTE);
    expect(openWaits(site.database, 1)).toEqual([
      { kind: 'wait', name: 'word', number: 0, wait: { until: START + MINUTE, signals: ['word'] } },
    ]);
  });

  it('without a time is due by the clock, and waits for as long as it takes', async () => {
    const task = await suspended([waitFor({ signals: ['word'] })], { runAt: START - 5 });
    expect(site.row(task.id)).toMatchObject({ state: 'suspended', run_at: START });
    expect(site.all('SELECT task, at FROM tasks_lapse')).toEqual([]);
    expect(site.told.lapseAt).toBe(Infinity);
  });

  it('goes on by a signal that it waits for, and keeps each other one', async () => {
    const task = await suspended([
      waitFor({ signals: ['other'] }, { name: 'first', position: 1 }),
      waitFor({ until: START + MINUTE }, { kind: 'sleep', name: 'nap', position: 2 }),
      waitFor({ signals: ['a', 'word'] }, { position: 3 }),
    ]);
    expect(await send(task, 'none', '7', ['x'])).toEqual({ done: true, state: 'suspended' });
    expect(site.told.touched).toEqual(new Map([['default', [task.id]]]));
    expect(state(task)).toBe('suspended');
    const kept = 'SELECT task, name, sent_at, sensitive, payload FROM tasks_signal ORDER BY id';
    expect(site.all(kept)).toEqual([{ task: 1, name: 'none', sent_at: START, sensitive: '["x"]', payload: '7' }]);
    site.clock.advance(5);
    expect(await send(task, 'word', '{"a":1}', ['a'])).toEqual({ done: true, state: 'suspended' });
    expect(site.all(kept)).toHaveLength(1);
    expect(site.row(task.id)).toMatchObject({ state: 'available', run_at: START + 5 });
    expect(site.told.available).toEqual(new Set(['default']));
    expect(site.told.touched).toEqual(new Map([['default', [task.id]]]));
    expect(traitsOf(task)).toEqual({ steps: true });
    // What it waits for no more is kept for its next attempt.
    await send(task, 'other');
    expect(site.all(kept)[1]).toMatchObject({ sensitive: null, payload: '1' });
    const [claimed] = await site.claim(1);
    const { steps } = readSteps(site.database, claimed!, null);
    expect(steps.find(({ name }) => name === 'word')).toMatchObject({
      wait: { signals: ['a', 'word'], signal: 'word' },
      result: '{"a":1}',
      sensitive: ['a'],
      finishedAt: START + 5,
    });
    expect(steps.filter(({ finishedAt }) => finishedAt === null).map(({ name }) => name)).toEqual(['nap', 'first']);
  });

  it('goes on at once where a signal was there before it', async () => {
    const [task] = await site.add({});
    const [claimed] = await site.claim(1);
    expect(await send(task!, 'b')).toEqual({ done: true, state: 'running' });
    expect(site.row(task!.id)['beside']).toBe(1);
    await send(task!, 'a', '2', ['p']);
    const asked = (...signals: string[]) => waitFor({ signals }, { name: signals.join('|'), position: 4 });
    const take = (lease: ClaimedTask, wait: StepRecord) =>
      site.run((transaction) => takeForAttempt(transaction, lease, wait, START + 3));
    expect(await take(claimed!, asked('none'))).toBeNull();
    expect(site.told.touched).toEqual(new Map());
    expect(await take({ ...claimed!, attempt: 2 }, asked('a'))).toBeNull();
    expect(await take(claimed!, { ...asked('a'), wait: null })).toBeNull();
    const taken = {
      ...asked('a'),
      wait: { signals: ['a'], signal: 'a' },
      result: '2',
      sensitive: ['p'],
      finishedAt: START + 3,
    };
    expect(await take(claimed!, asked('a'))).toEqual(taken);
    expect(site.told.touched).toEqual(new Map([['default', [task!.id]]]));
    expect(readSteps(site.database, claimed!, null).steps).toEqual([taken]);
    expect(await take(claimed!, asked('a', 'none'))).toBeNull();
    await send(task!, 'plain', '3');
    expect(await take(claimed!, asked('plain'))).toMatchObject({ result: '3', sensitive: [] });
    await suspend(
      claimed!,
      waitFor({ until: START + MINUTE }, { kind: 'sleep', name: 'nap' }),
      waitFor({ signals: ['b'] }, { position: 2 }),
    );
    expect(state(task!)).toBe('available');
    expect(site.all('SELECT 1 FROM tasks_signal')).toEqual([]);
    const [again] = await site.claim(1);
    const word = readSteps(site.database, again!, null).steps.find(({ name }) => name === 'word');
    expect(word).toMatchObject({ result: '1', sensitive: [], wait: { signal: 'b' } });
    await site.end(again!, completed);
    expect(await send(task!, 'b')).toEqual({ done: false, state: 'completed' });
    expect(await send({ id: 'none' }, 'b')).toEqual({ done: false, state: null });
  });

  it('has its waits answered by the signals that were sent, and no others', async () => {
    const task = await suspended([
      waitFor({ signals: ['a'] }, { name: 'one' }),
      waitFor({ signals: ['b'] }, { name: 'two', position: 2 }),
    ]);
    expect(await site.run(({ database }) => answerBySignals(database, 1, START))).toBe(false);
    await send(task, 'c');
    expect(await site.run(({ database }) => answerBySignals(database, 1, START))).toBe(false);
    site.set(`UPDATE tasks_signal SET name = 'b'`);
    expect(await site.run(({ database }) => answerBySignals(database, 1, START))).toBe(true);
    expect(openWaits(site.database, 1).map(({ name }) => name)).toEqual(['one']);
  });

  it('goes on once its time has come, and is looked at again where it has not', async () => {
    const task = await suspended(
      [waitFor({ until: START + MINUTE }), waitFor({ until: START + 2 * MINUTE }, { name: 'two', position: 2 })],
      { traits: { startBy: START + 1 } },
    );
    site.set('DELETE FROM tasks_lapse');
    await onTask(task, (found, transaction) => wakeDue(transaction, found, START + MINUTE - 1));
    expect(state(task)).toBe('suspended');
    expect(site.all('SELECT at FROM tasks_lapse')).toEqual([{ at: START + MINUTE }]);
    await onTask(task, (found, transaction) => wakeDue(transaction, found, START + MINUTE));
    expect(site.row(task.id)).toMatchObject({ state: 'available', run_at: START + MINUTE });
    expect(openWaits(site.database, 1).map(({ name }) => name)).toEqual(['two']);
    const [over] = site.all(`SELECT result, sensitive, finished_at, wait FROM tasks_step WHERE name = 'word'`);
    expect(over).toEqual({
      result: 'null',
      sensitive: null,
      finished_at: START + MINUTE,
      wait: `{"until":${START + MINUTE}}`,
    });
    // Once it goes on, nothing wakes it again.
    await onTask(task, (found, transaction) => wakeTask(transaction, found, START + 9));
    expect(site.row(task.id)['run_at']).toBe(START + MINUTE);
    expect(site.told.touched).toEqual(new Map());
  });

  it('goes on where it waits for nothing', async () => {
    const task = await suspended([waitFor({ signals: ['a'] })]);
    site.set('DELETE FROM tasks_step');
    await onTask(task, (found, transaction) => wakeDue(transaction, found, START));
    expect(state(task)).toBe('available');
  });

  it('is not suspended for what is over by then', async () => {
    const task = await suspended([waitFor({ until: START })]);
    expect(state(task)).toBe('available');
    expect(traitsOf(task)).toEqual({ steps: true });
  });

  it('is not suspended for a call of a task that is gone', async () => {
    const task = await suspended([calls('gone')]);
    expect(state(task)).toBe('available');
  });

  it('goes on when the task that it calls has ended, or is gone', async () => {
    const [child] = await site.add({ queue: 'mail' });
    const caller = await suspended([calls(child!.id)]);
    expect(isCallOver(site.database, 2)).toBe(false);
    const ends = (called: Partial<{ task: string; step: string; number: number }>, id = child!.id) =>
      site.run((transaction) => {
        const where = { task: caller.id, step: 'child', number: 0, ...called };
        tellOfEnd(transaction, { seq: 1, id, traits: { caller: where } }, START + 4);
      });
    await ends({ step: 'other' });
    await ends({ number: 1 });
    await ends({}, 'other');
    await ends({ task: 'none' });
    await site.run((transaction) => tellOfEnd(transaction, { seq: 1, id: child!.id, traits: {} }, START + 4));
    await site.run((transaction) => tellOfEnd(transaction, { seq: 1, id: child!.id }, START + 4));
    expect(state(caller)).toBe('suspended');
    expect(site.all('SELECT 1 FROM tasks_settling')).toEqual([]);
    await ends({});
    expect(site.row(caller.id)).toMatchObject({ state: 'available', run_at: START + 4 });
    const [claimed] = await site.claim(1, 'one', 'mail');
    await site.end(claimed!, completed);
    expect(isCallOver(site.database, 2)).toBe(true);
    site.set(`INSERT INTO tasks_step (task, attempt, kind, name, number, position, wait, started_at)
              VALUES (2, 1, 'call', 'other', 0, 2, '{"task":"${caller.id}"}', 1)`);
    expect(isCallOver(site.database, 2)).toBe(true);
  });

  it('of a workflow is counted by its node when it ends', async () => {
    await site.add({});
    const ofWorkflow: TaskTraits = { workflow: { id: 'w', node: 'n' } };
    await site.run((transaction) => tellOfEnd(transaction, { seq: 1, id: 'x', traits: ofWorkflow }, START));
    expect(site.all('SELECT task, keep_until FROM tasks_settling')).toEqual([{ task: 1, keep_until: 0 }]);
    expect(site.told.settleAt).toBe(0);
  });

  it('waits for its deadline, and for a slot of its key', async () => {
    await site.run((transaction) => setFlow(transaction, 'default', { keyConcurrency: 1 }));
    const shared = { key: 'k', startBy: START + 1, deadlineAt: START + 9 * MINUTE };
    const task = await suspended([waitFor({ signals: ['word'] })], { traits: shared });
    const [other] = await site.add({ traits: { key: 'k' } });
    expect(state(other!)).toBe('available');
    site.set('DELETE FROM tasks_lapse');
    await send(task, 'word');
    expect(state(task)).toBe('held');
    expect(traitsOf(task)).toEqual({ ...shared, steps: true });
    expect(site.all('SELECT task, at FROM tasks_lapse')).toEqual([{ task: 1, at: START + 9 * MINUTE }]);
    expect(site.told.lapseAt).toBe(START + 9 * MINUTE);
    const [claimed] = await site.claim(1);
    await site.end(claimed!, completed);
    expect(state(task)).toBe('available');
  });

  it('takes the slot of its key at once, where one is free', async () => {
    await site.run((transaction) => setFlow(transaction, 'default', { keyConcurrency: 1 }));
    const task = await suspended([waitFor({ signals: ['word'] })], { traits: { key: 'k' } });
    await send(task, 'word');
    expect(state(task)).toBe('available');
  });

  it('has one wait ended, by its place', async () => {
    await suspended([waitFor({ signals: ['a'] }), waitFor({ signals: ['a'] }, { number: 1, position: 2 })]);
    const [, second] = openWaits(site.database, 1);
    await site.run(({ database }) => finishWait(database, 1, second!, { result: '5', sensitive: '["b"]' }, START + 1));
    expect(openWaits(site.database, 1).map(({ number }) => number)).toEqual([0]);
    expect(site.all('SELECT result, sensitive, finished_at FROM tasks_step WHERE number = 1')).toEqual([
      { result: '5', sensitive: '["b"]', finished_at: START + 1 },
    ]);
  });
});
