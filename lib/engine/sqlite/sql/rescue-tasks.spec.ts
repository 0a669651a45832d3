import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MINUTE, START } from '../../../../test/conformance/harness.js';
import { StatementSite } from '../../../../test/support/statement-site.js';
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
  let site: StatementSite;

  beforeEach(async () => {
    site = await StatementSite.open();
  });
  afterEach(() => site.close());

  async function claimed(...tasks: ReadonlyArray<Partial<NewTask>>): Promise<readonly ClaimedTask[]> {
    await site.add(...tasks);
    return site.claim(tasks.length, 'dead');
  }
  const keepFor = (_queue: string, state: 'failed' | 'cancelled') => (state === 'failed' ? 2 : 1) * MINUTE;
  const rescue = (begun: ReadonlySet<string> | null = null, maxLostAttempts = 3, worker = 'dead') =>
    site.run((transaction) => rescueTasksOf(transaction, worker, { now: LATER, maxLostAttempts, keepFor }, begun));
  const metrics = () => site.all('SELECT minute, completed, failed, retried, cancelled FROM tasks_metric');
  const attempts = () =>
    site.all(
      'SELECT attempt, worker, started_at, finished_at, outcome, error_name FROM tasks_attempt ORDER BY task, attempt',
    );

  it('run again, and the lost attempt does not count', async () => {
    const [one] = await claimed({}, {});
    expect(await rescue(null, 3, 'alive')).toBe(0);
    expect(await rescue()).toBe(2);
    expect(site.row(one!.id)).toMatchObject({ state: 'available', attempt: 1, excused: 1, lost: 1 });
    expect(site.told.available).toEqual(new Set(['default']));
    expect(site.told.touched.get('default')).toHaveLength(2);
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
    expect(await rescue()).toBe(0);
  });

  it('fail where they were lost too often in a row', async () => {
    const [one] = await claimed({ traits: { onFailed: { queue: 'mail', name: 'tell' } } });
    await rescue(null, 2);
    expect(site.row(one!.id)).toMatchObject({ state: 'available', lost: 1 });
    await site.claim(1, 'dead');
    await rescue(null, 2);
    expect(site.row(one!.id)).toMatchObject({
      state: 'failed',
      lost: 2,
      finished_at: LATER,
      expires_at: LATER + 2 * MINUTE,
    });
    expect(site.row(one!.id)['error_group']).not.toBeNull();
    expect(site.told.dueAt).toBe(LATER + 2 * MINUTE);
    expect(metrics()).toEqual([{ minute: START, completed: 0, failed: 1, retried: 0, cancelled: 0 }]);
    expect(site.all(`SELECT name FROM tasks_task WHERE queue = 'mail'`)).toEqual([{ name: 'tell' }]);
    expect(
      site.all('SELECT error_message FROM tasks_attempt ORDER BY attempt').map(({ error_message: text }) => text),
    ).toEqual([expect.not.stringContaining('2 times'), expect.any(String)]);
  });

  it('are cancelled where that was asked for', async () => {
    const [one] = await claimed({});
    await site.run((transaction) =>
      actOnTask(transaction, 'cancel', findTask(transaction, { id: one!.id })!, START, () => null),
    );
    await rescue(new Set());
    expect(site.row(one!.id)).toMatchObject({
      state: 'cancelled',
      lost: 1,
      finished_at: LATER,
      expires_at: LATER + MINUTE,
    });
    expect(site.row(one!.id)['error_group']).toBeNull();
    expect(metrics()).toEqual([{ minute: START, completed: 0, failed: 0, retried: 0, cancelled: 1 }]);
    expect(attempts()).toMatchObject([{ outcome: 'lost' }]);
  });

  it('are as if they had never been claimed where they had not begun', async () => {
    const [begun, ahead] = await claimed({}, {});
    const other = startKey(ahead!.seq, 2);
    expect(await rescue(new Set([startKey(begun!.seq, 1), other]))).toBe(2);
    expect(site.row(begun!.id)).toMatchObject({ state: 'available', attempt: 1, lost: 1 });
    expect(site.row(ahead!.id)).toMatchObject({
      state: 'available',
      attempt: 0,
      lost: 0,
      excused: 0,
      worker: null,
      started_at: null,
    });
    expect(site.told.touched.get('default')!.toSorted()).toEqual([begun!.id, ahead!.id].toSorted());
    expect(attempts()).toHaveLength(1);
  });

  it('lapse as they would have', async () => {
    const traits: TaskTraits = { startBy: START + 2 * MINUTE, deadlineAt: START + 9 * MINUTE };
    const [begun, ahead] = await claimed({ traits }, { traits });
    site.set('DELETE FROM tasks_lapse');
    await rescue(new Set([startKey(begun!.seq, 1)]));
    const lapses = () => site.all('SELECT task, at FROM tasks_lapse ORDER BY task');
    expect(lapses()).toEqual([
      { task: begun!.seq, at: START + 9 * MINUTE },
      { task: ahead!.seq, at: START + 2 * MINUTE },
    ]);
    // One that had begun before was claimed again, and not begun.
    await site.claim(2, 'dead');
    site.set('DELETE FROM tasks_lapse');
    await rescue(new Set());
    expect(lapses()).toEqual([
      { task: begun!.seq, at: START + 9 * MINUTE },
      { task: ahead!.seq, at: START + 2 * MINUTE },
    ]);
    expect(site.told.lapseAt).toBe(START + 2 * MINUTE);
  });

  it('keep the slots of their keys, or give them back', async () => {
    await site.run((transaction) => setFlow(transaction, 'default', { keyConcurrency: 1, fair: true }));
    const keyed = { traits: { key: 'k' } };
    await site.add(keyed, keyed, { traits: { key: 'other' } });
    const states = () => site.all('SELECT state FROM tasks_task ORDER BY seq').map(({ state }) => state);
    await site.claim(1, 'dead');
    site.set(`UPDATE tasks_task SET turn = 5 WHERE state = 'available'`);
    await rescue();
    expect(states()).toEqual(['available', 'held', 'available']);
    // It stands at the head of the line, and no further ahead.
    expect(site.all('SELECT turn FROM tasks_task ORDER BY seq')[0]).toEqual({ turn: 5 });
    site.set(`UPDATE tasks_task SET turn = 1 WHERE seq = 1`);
    await site.claim(1, 'dead');
    await rescue(new Set());
    expect(site.all('SELECT turn FROM tasks_task ORDER BY seq')[0]).toEqual({ turn: 5 });
    await site.claim(1, 'dead');
    await rescue(null, 1);
    expect(states()).toEqual(['failed', 'available', 'available']);
  });

  it('wake who called them, and keep their unique keys by time', async () => {
    const unique = { key: 'u', until: 'time', for: 9 * MINUTE, onConflict: 'keep' } as const;
    const [one] = await claimed({ traits: { unique, workflow: { id: 'w', node: 'n' } } });
    await rescue(null, 1);
    expect(site.all('SELECT task, keep_until FROM tasks_settling')).toEqual([
      { task: one!.seq, keep_until: START + 9 * MINUTE },
    ]);
  });

  it('have started by now where they had begun, and give their places back where not', async () => {
    const [begun, too, ahead] = await claimed({}, {}, {});
    const limit = { name: 'limit:x', max: 5, per: MINUTE };
    await site.run((transaction) => lendPlaces(transaction, limit, [begun!, too!, ahead!], START, 5_000));
    await rescue(new Set([begun!, too!].map(({ seq }) => startKey(seq, 1))));
    const starts = 'SELECT at, task, count FROM tasks_start';
    expect(site.all(starts)).toEqual([{ at: LATER, task: 0, count: 2 }]);
    // Where nobody knows what had begun, all may have.
    site.set('DELETE FROM tasks_start');
    const [again] = await site.claim(1, 'dead');
    await site.run((transaction) => lendPlaces(transaction, limit, [again!], START, 5_000));
    await rescue(null);
    expect(site.all(starts)).toEqual([{ at: LATER, task: 0, count: 1 }]);
  });

  it('are told of', async () => {
    const told = () => site.told.events!.map(({ event, error }) => `${event} ${error?.name ?? ''}`);
    await claimed({});
    await rescue(null, 2);
    expect(told()).toEqual(['lost WorkerLostError']);
    await site.claim(1, 'dead');
    await rescue(null, 2);
    expect(told()).toEqual(['lost WorkerLostError', 'failed WorkerLostError']);
    const [one] = await claimed({});
    await site.run((transaction) =>
      actOnTask(transaction, 'cancel', findTask(transaction, { id: one!.id })!, START, () => null),
    );
    await rescue();
    expect(told()).toEqual(['lost WorkerLostError', 'cancelled ']);
  });

  it('are found by the workers that are not registered', async () => {
    await claimed({}, {});
    await site.add({});
    await site.claim(1, 'alive');
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
    await site.run((transaction) => insertWorker(transaction, worker));
    expect(strayWorkers(site.database)).toEqual(['dead']);
  });
});
