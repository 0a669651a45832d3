import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MINUTE, START } from '../../../../test/conformance/harness.js';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import type { TaskTraits } from '../../../contract/index.js';
import type { NewTask } from '../../port/index.js';
import { actOnTask, findTask } from './act-on-tasks.js';
import type { ClaimedTask } from './claim-tasks.js';
import { startKey } from '../process/starts.js';
import { rescueTasksOf, strayWorkers } from './rescue-tasks.js';
import { setFlow } from './set-flow.js';
import { lendPlaces } from './start-log.js';
import { insertWorker } from './worker-rows.js';

const LATER = START + 7;

describe('The tasks of a worker that is dead', () => {
  let site: QuietStore;

  beforeEach(async () => void (site = await QuietStore.open()));
  afterEach(() => site.close());

  function claimed(...tasks: ReadonlyArray<Partial<NewTask>>): readonly ClaimedTask[] {
    site.add(...tasks);
    return site.claim({ wanted: tasks.length }, { worker: 'dead' });
  }
  const keepFor = (_queue: string, state: 'failed' | 'cancelled') => (state === 'failed' ? 2 : 1) * MINUTE;
  const rescue = (begun: ReadonlySet<string> | null = null, maxLostAttempts = 3, worker = 'dead') =>
    site.write((transaction) => rescueTasksOf(transaction, worker, { now: LATER, maxLostAttempts, keepFor }, begun));
  const metrics = () => site.find('SELECT minute, completed, failed, retried, cancelled FROM tasks_metric');
  const attempts = () =>
    site.find(
      'SELECT attempt, worker, started_at, finished_at, outcome, error_name FROM tasks_attempt ORDER BY task, attempt',
    );

  it('run again, and the lost attempt does not count', () => {
    const [one] = claimed({}, {});
    expect(rescue(null, 3, 'alive')).toBe(0);
    expect(rescue()).toBe(2);
    expect(site.row(one!.id)).toMatchObject({ state: 'available', attempt: 1, excused: 1, lost: 1 });
    expect(site.last.available).toEqual(new Set(['default']));
    expect(site.last.touched.get('default')).toHaveLength(2);
    const lost = {
      attempt: 1,
      worker: 'dead',
      started_at: START,
      finished_at: LATER,
      outcome: 'lost',
      error_name: 'WorkerLostError',
    };
    expect(attempts()).toEqual([lost, lost]);
    expect(metrics()).toEqual([]);
    expect(rescue()).toBe(0);
  });

  it('fail where they were lost too often in a row', () => {
    const [one] = claimed({ traits: { onFailed: { queue: 'mail', name: 'tell' } } });
    rescue(null, 2);
    expect(site.row(one!.id)).toMatchObject({ state: 'available', lost: 1 });
    site.claim({}, { worker: 'dead' });
    rescue(null, 2);
    expect(site.row(one!.id)).toMatchObject({
      state: 'failed',
      lost: 2,
      finished_at: LATER,
      expires_at: LATER + 2 * MINUTE,
    });
    expect(site.row(one!.id)!['error_group']).not.toBeNull();
    expect(site.last.dueAt).toBe(LATER + 2 * MINUTE);
    expect(metrics()).toEqual([{ minute: START, completed: 0, failed: 1, retried: 0, cancelled: 0 }]);
    expect(site.find(`SELECT name FROM tasks_task WHERE queue = 'mail'`)).toEqual([{ name: 'tell' }]);
    expect(
      site.find('SELECT error_message FROM tasks_attempt ORDER BY attempt').map(({ error_message: text }) => text),
    ).toEqual([expect.not.stringContaining('2 times'), expect.any(String)]);
  });

  it('are cancelled where that was asked for', () => {
    const [one] = claimed({});
    site.write((transaction) =>
      actOnTask(transaction, 'cancel', findTask(transaction, { id: one!.id })!, START, () => null),
    );
    rescue(new Set());
    expect(site.row(one!.id)).toMatchObject({
      state: 'cancelled',
      lost: 1,
      finished_at: LATER,
      expires_at: LATER + MINUTE,
    });
    expect(site.row(one!.id)!['error_group']).toBeNull();
    expect(metrics()).toEqual([{ minute: START, completed: 0, failed: 0, retried: 0, cancelled: 1 }]);
    expect(attempts()).toMatchObject([{ outcome: 'lost' }]);
  });

  it('are as if they had never been claimed where they had not begun', () => {
    const [begun, ahead] = claimed({}, {});
    const other = startKey(ahead!.seq, 2);
    expect(rescue(new Set([startKey(begun!.seq, 1), other]))).toBe(2);
    expect(site.row(begun!.id)).toMatchObject({ state: 'available', attempt: 1, lost: 1 });
    expect(site.row(ahead!.id)).toMatchObject({
      state: 'available',
      attempt: 0,
      lost: 0,
      excused: 0,
      worker: null,
      started_at: null,
    });
    expect(site.last.touched.get('default')!.toSorted()).toEqual([begun!.id, ahead!.id].toSorted());
    expect(attempts()).toHaveLength(1);
  });

  it('lapse as they would have', () => {
    const traits: TaskTraits = { startBy: START + 2 * MINUTE, deadlineAt: START + 9 * MINUTE };
    const [begun, ahead] = claimed({ traits }, { traits });
    site.run('DELETE FROM tasks_lapse');
    rescue(new Set([startKey(begun!.seq, 1)]));
    const lapses = () => site.find('SELECT task, at FROM tasks_lapse ORDER BY task');
    expect(lapses()).toEqual([
      { task: begun!.seq, at: START + 9 * MINUTE },
      { task: ahead!.seq, at: START + 2 * MINUTE },
    ]);
    // One that had begun before was claimed again, and not begun.
    site.claim({ wanted: 2 }, { worker: 'dead' });
    site.run('DELETE FROM tasks_lapse');
    rescue(new Set());
    expect(lapses()).toEqual([
      { task: begun!.seq, at: START + 9 * MINUTE },
      { task: ahead!.seq, at: START + 2 * MINUTE },
    ]);
    expect(site.last.lapseAt).toBe(START + 2 * MINUTE);
  });

  it('keep the slots of their keys, or give them back', () => {
    site.write((transaction) => setFlow(transaction, 'default', { keyConcurrency: 1, fair: true }));
    const keyed = { traits: { key: 'k' } };
    site.add(keyed, keyed, { traits: { key: 'other' } });
    const states = () => site.find('SELECT state FROM tasks_task ORDER BY seq').map(({ state }) => state);
    site.claim({}, { worker: 'dead' });
    site.run(`UPDATE tasks_task SET turn = 5 WHERE state = 'available'`);
    rescue();
    expect(states()).toEqual(['available', 'held', 'available']);
    // It stands at the head of the line, and no further ahead.
    expect(site.find('SELECT turn FROM tasks_task ORDER BY seq')[0]).toEqual({ turn: 5 });
    site.run(`UPDATE tasks_task SET turn = 1 WHERE seq = 1`);
    site.claim({}, { worker: 'dead' });
    rescue(new Set());
    expect(site.find('SELECT turn FROM tasks_task ORDER BY seq')[0]).toEqual({ turn: 5 });
    site.claim({}, { worker: 'dead' });
    rescue(null, 1);
    expect(states()).toEqual(['failed', 'available', 'available']);
  });

  it('wake who called them, and keep their unique keys by time', () => {
    const unique = { key: 'u', until: 'time', for: 9 * MINUTE, onConflict: 'keep' } as const;
    const [one] = claimed({ traits: { unique, workflow: { id: 'w', node: 'n' } } });
    rescue(null, 1);
    expect(site.find('SELECT task, keep_until FROM tasks_settling')).toEqual([
      { task: one!.seq, keep_until: START + 9 * MINUTE },
    ]);
  });

  it('have started by now where they had begun, and give their places back where not', () => {
    const [begun, too, ahead] = claimed({}, {}, {});
    const limit = { name: 'limit:x', max: 5, per: MINUTE };
    site.write((transaction) => lendPlaces(transaction, limit, [begun!, too!, ahead!], START, 5_000));
    rescue(new Set([begun!, too!].map(({ seq }) => startKey(seq, 1))));
    const starts = 'SELECT at, task, count FROM tasks_start';
    expect(site.find(starts)).toEqual([{ at: LATER, task: 0, count: 2 }]);
    // Where nobody knows what had begun, all may have.
    site.run('DELETE FROM tasks_start');
    const [again] = site.claim({}, { worker: 'dead' });
    site.write((transaction) => lendPlaces(transaction, limit, [again!], START, 5_000));
    rescue(null);
    expect(site.find(starts)).toEqual([{ at: LATER, task: 0, count: 1 }]);
  });

  it('are told of', () => {
    const told = () => site.last.events!.map(({ event, error }) => `${event} ${error?.name ?? ''}`);
    claimed({});
    rescue(null, 2);
    expect(told()).toEqual(['lost WorkerLostError']);
    site.claim({}, { worker: 'dead' });
    rescue(null, 2);
    expect(told()).toEqual(['lost WorkerLostError', 'failed WorkerLostError']);
    const [one] = claimed({});
    site.write((transaction) =>
      actOnTask(transaction, 'cancel', findTask(transaction, { id: one!.id })!, START, () => null),
    );
    rescue();
    expect(told()).toEqual(['lost WorkerLostError', 'cancelled ']);
  });

  it('are found by the workers that are not registered', () => {
    claimed({}, {});
    site.add({});
    site.claim({}, { worker: 'alive' });
    const worker = {
      id: 'alive',
      host: '',
      pid: 1,
      pidSpace: '',
      pidBirth: null,
      startedAt: 1,
      queues: {},
      lease: null,
    };
    site.write((transaction) => insertWorker(transaction, worker));
    expect(strayWorkers(site.database)).toEqual(['dead']);
  });
});
