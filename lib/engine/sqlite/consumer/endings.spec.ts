import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, failed, MINUTE, newTask, retryAt, START } from '../../../../test/conformance/harness.js';
import { DutySite } from '../../../../test/support/duty-site.js';
import { heldTasks } from '../../../../test/support/held-tasks.js';
import { until } from '../../../../test/support/until.js';
import { turn } from '../../../clock/index.js';
import { StoreError } from '../../../contract/index.js';
import { abort } from '../../common/index.js';
import type { Outcome } from '../../port/index.js';
import type { Committed } from '../store/transaction.js';
import { Completer, type HeldTask, type ReportDesk } from './completer.js';

const LIMIT = { name: 'limit:smtp', max: 3, per: MINUTE };
const RELEASED: Outcome = { kind: 'released', maxAttempts: 4 };
const CANCELLED: Outcome = { kind: 'cancelled', keepFor: null, maxAttempts: 4 };

describe('How an attempt ended', () => {
  let site: DutySite;
  let completer: Completer;
  /** What the next writes are refused with. */
  let refusals: Error[];

  beforeEach(async () => {
    site = await DutySite.open();
    refusals = [];
    const { write } = site.writer;
    site.writer.write = (operation) => {
      const refusal = refusals.shift();
      return refusal ? Promise.reject(refusal) : write(operation);
    };
    const kept: Partial<Record<string, number>> = { cancelled: 7, failed: 9 };
    const keepFor = (queue: string, state: string) => (queue === 'default' && kept[state]) || null;
    completer = new Completer(site.context({ keepFor }), site.writer);
  });
  afterEach(() => site.close());

  const desk: ReportDesk = { now: () => START + 5, report: () => undefined, called: () => undefined };

  /** Tasks whose handlers have been called. */
  async function running(many: number, more: Parameters<typeof heldTasks>[3] = {}): Promise<HeldTask[]> {
    const tasks = await heldTasks(site, many, desk, more);
    for (const task of tasks) task.startedAt = START + 1;
    return tasks;
  }

  /** Resolves once it is told that the end is stored. */
  const end = (task: HeldTask, outcome: Outcome): Promise<void> =>
    new Promise((resolve) => completer.settle(task, outcome, resolve));

  const endAll = (tasks: readonly HeldTask[], outcome: Outcome): Promise<unknown> =>
    Promise.all(tasks.map((task) => end(task, outcome)));

  const rows = (columns: string, from = 'tasks_task ORDER BY seq'): unknown[] =>
    site.connection.database.prepare(`SELECT ${columns} FROM ${from}`).raw().all();

  it.each([
    [200, 1],
    [201, 2],
  ])('is stored with others of its turn, two hundred by one operation: %i', async (many, writes) => {
    const tasks = await running(many);
    await endAll(tasks, completed);
    expect(site.count('completed')).toBe(many);
    expect(site.writes).toBe(writes);
    expect(site.warnings).toEqual([]);
  });

  it('is stored by another operation once those before are on their way', async () => {
    const [one, other] = (await running(2)) as [HeldTask, HeldTask];
    const first = end(one, completed);
    await turn();
    await first;
    await end(other, completed);
    expect([site.writes, site.count('completed')]).toEqual([2, 2]);
  });

  it('is stored with its times: when it ended, which is now where nobody noted it', async () => {
    const [noted, now] = (await running(2)) as [HeldTask, HeldTask];
    noted.endedAt = START + 3;
    site.clock.set(START + 20);
    await Promise.all([end(noted, completed), end(now, completed)]);
    expect(rows('started_at, finished_at')).toEqual([
      [START + 1, START + 3],
      [START + 1, START + 20],
    ]);
  });

  it('takes along what it has said, returned and enqueued, beside others that have nothing', async () => {
    const tasks = await running(5);
    const [said, far, returned, enqueues, plain] = tasks as [HeldTask, HeldTask, HeldTask, HeldTask, HeldTask];
    said.log('a');
    far.progress({ percent: 10 });
    const result = { json: '{"a":1}', sensitive: [], keepFor: null };
    await Promise.all([
      end(said, completed),
      end(far, completed),
      end(returned, { ...completed, result } as Outcome),
      end(enqueues, { ...completed, followUps: [newTask(site.clock)] } as Outcome),
      end(plain, completed),
    ]);
    expect(site.writes).toBe(1);
    expect(rows('task, message', 'tasks_log')).toEqual([[said.task.seq, 'a']]);
    expect(rows('progress').slice(0, 3)).toEqual([[null], ['{"percent":10}'], [null]]);
    expect(rows('task, value', 'tasks_result')).toEqual([[returned.task.seq, '{"a":1}']]);
    expect([site.count('completed'), site.count('available')]).toEqual([5, 1]);
  });

  it('is told of once to who watches the task', async () => {
    const [one] = await running(1);
    const told: string[] = [];
    site.writer.listeners.add({ committed: ({ touched }: Committed) => void told.push(...touched.get('default')!) });
    await end(one!, failed());
    expect(told).toEqual([one!.task.id]);
  });

  it('of an attempt that was never begun leaves none on record', async () => {
    const [unbegun, begun] = await running(2);
    unbegun!.startedAt = null;
    await Promise.all([end(unbegun!, RELEASED), end(begun!, RELEASED)]);
    expect(rows('attempt, outcome', 'tasks_attempt')).toEqual([[1, 'released']]);
    expect(rows('attempt')).toEqual([[0], [1]]);
  });

  it('without a handler that was called is stored as well', async () => {
    const [one] = await running(1);
    one!.startedAt = null;
    await end(one!, completed);
    expect(rows('state, started_at')).toEqual([['completed', null]]);
    expect(rows('*', 'tasks_attempt')).toEqual([]);
  });

  it('is dropped where the lease was lost, and that is said but where it is known', async () => {
    const tasks = await running(4);
    site.connection.database.exec(`UPDATE tasks_task SET worker = 'another' WHERE seq <= 3`);
    abort(tasks[2]!, 'lease-lost', 'x');
    await Promise.all(tasks.map((task, index) => end(task, index === 1 ? failed() : completed)));
    expect(rows('state').flat()).toEqual(['running', 'running', 'running', 'completed']);
    const said = tasks.slice(0, 2).map(({ task: { id } }) => {
      return `Attempt 1 of task ${id} (work) ended after its lease was lost: its outcome was dropped`;
    });
    expect(site.warnings.toSorted()).toEqual(said.toSorted());
  });

  it('is a cancellation where it would run again and somebody has cancelled it', async () => {
    const tasks = await running(3);
    site.connection.database.exec(`UPDATE tasks_task SET cancel_requested = 1 WHERE seq <= 2`);
    await Promise.all([
      end(tasks[0]!, retryAt(START + MINUTE)),
      end(tasks[1]!, RELEASED),
      end(tasks[2]!, retryAt(START + MINUTE)),
    ]);
    expect(rows('state, expires_at')).toEqual([
      ['cancelled', START + 7],
      ['cancelled', START + 7],
      ['retryable', null],
    ]);
    expect(site.warnings).toEqual([]);
  });

  describe('in a limit', () => {
    /** Places that are lent, and starts with their times. */
    const places = (): unknown => ({
      lent: rows('task', 'tasks_start WHERE task > 0 ORDER BY task').flat(),
      started: rows('at, count', 'tasks_start WHERE task = 0'),
    });

    const declined: Outcome = {
      kind: 'declined',
      wait: MINUTE,
      error: { name: 'Error', message: 'x' },
      keepFor: null,
      maxAttempts: 4,
    };
    const expired: Outcome = { kind: 'cancelled', reason: 'expired', keepFor: null, maxAttempts: 4 };

    it.each([
      ['released', RELEASED],
      ['declined', declined],
      ['expired', expired],
    ])('gives its place back where it was not called: %s', async (_, outcome) => {
      const [one] = await running(1, { limits: [LIMIT] });
      one!.startedAt = null;
      const woken: string[] = [];
      site.writer.listeners.add({ committed: ({ available }: Committed) => void woken.push(...available) });
      await end(one!, outcome);
      expect(places()).toEqual({ lent: [], started: [] });
      expect(woken).toEqual(['default']);
    });

    it.each([
      ['completed', completed],
      ['failed', failed()],
      ['released', RELEASED],
      ['cancelled', CANCELLED],
    ])('counts from when it was called: %s', async (_, outcome) => {
      const [one] = await running(1, { limits: [LIMIT] });
      one!.calledAt = START + 2;
      await end(one!, outcome);
      expect(places()).toEqual({ lent: [], started: [[START + 2, 1]] });
    });

    it.each([
      ['completed', completed],
      ['cancelled', CANCELLED],
    ])('counts from its end where it is not known when it was called: %s', async (_, outcome) => {
      const [one] = await running(1, { limits: [LIMIT] });
      one!.endedAt = START + 4;
      await end(one!, outcome);
      expect(places()).toEqual({ lent: [], started: [[START + 4, 1]] });
    });

    it('counts as not called where no start of it is known', async () => {
      const [one] = await running(1, { limits: [LIMIT] });
      one!.startedAt = null;
      one!.calledAt = START + 2;
      await end(one!, RELEASED);
      expect(places()).toEqual({ lent: [], started: [] });
    });

    it('is not told of where it has none, or lost its lease', async () => {
      const tasks = await running(3, { limits: [LIMIT] });
      const { limits: _, ...plain } = tasks[2]!.task;
      Object.assign(tasks[2]!, { task: plain });
      site.connection.database.exec(`UPDATE tasks_task SET worker = 'another' WHERE seq <= 2`);
      await Promise.all([end(tasks[0]!, completed), end(tasks[1]!, failed()), end(tasks[2]!, completed)]);
      expect(places()).toEqual({ lent: tasks.map(({ task }) => task.seq), started: [] });
      const [waits] = (await running(1)).slice(-1);
      await end(waits!, failed());
      expect(places()).toMatchObject({ started: [] });
    });
  });

  describe('that the store refuses', () => {
    const away = new StoreError('the disk is away');

    it('is stored alone, a second later and again, and told of once', async () => {
      const tasks = await running(2);
      refusals = [away, away, away];
      await endAll(tasks, completed);
      expect(site.count('completed')).toBe(2);
      // Together, then each alone, and then each once more.
      expect(site.writes).toBe(2);
      const said = tasks.map(({ task }) => `Cannot store how task ${task.id} ended, trying on: ${String(away)}`);
      expect(site.errors.toSorted()).toEqual(said.toSorted());
      expect(site.warnings).toEqual([]);
    });

    it('keeps no process alive by that', async () => {
      const [one] = await running(1);
      const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
      refusals = [away];
      const before = timers();
      const ended = end(one!, completed);
      for (let turns = 0; turns < 3; turns += 1) await turn();
      expect(site.errors).toHaveLength(1);
      expect(timers()).toBe(before);
      await ended;
    });

    it('leaves those together that end later', async () => {
      const tasks = await running(202);
      refusals = [away];
      const ends = tasks.slice(0, 201).map((task) => end(task, completed));
      await Promise.resolve();
      while (site.errors.length === 0) await Promise.resolve();
      await Promise.all([ends[200], end(tasks[201]!, completed)]);
      expect(site.writes).toBe(1);
    });

    it('keeps no later one waiting', async () => {
      const [one, other] = (await running(2)) as [HeldTask, HeldTask];
      refusals = [away];
      const first = end(one, completed);
      await until('a word', () => site.errors.length > 0);
      await end(other, completed);
      expect(rows('state').flat()).toEqual(['running', 'completed']);
      await first;
    });

    it('is tried alone at once where one of several may be at fault, and fails where it cannot be stored', async () => {
      const tasks = await running(2);
      refusals = [new Error('one of them'), new RangeError('odd')];
      await endAll(tasks, completed);
      expect(rows('state, expires_at')).toEqual([
        ['failed', START + 9],
        ['completed', null],
      ]);
      expect(rows('error_name, error_message', 'tasks_attempt')).toContainEqual([
        'OutcomeNotStoredError',
        'How the attempt ended could not be stored: odd',
      ]);
      expect(rows('max_attempts')[0]).toEqual([4]);
      expect(site.errors).toHaveLength(1);
    });

    it('fails where it alone was tried and cannot be stored', async () => {
      const [one] = await running(1);
      refusals = [new RangeError('odd')];
      await end(one!, retryAt(START));
      expect(rows('state').flat()).toEqual(['failed']);
    });

    it('is dropped where the lease is lost meanwhile, and that is said', async () => {
      const [one] = await running(1);
      refusals = [away];
      const ended = end(one!, completed);
      site.connection.database.exec(`UPDATE tasks_task SET worker = 'another'`);
      await ended;
      expect(site.warnings).toHaveLength(1);
    });

    it('is given up when the store is closed', async () => {
      const [one] = await running(1);
      await site.writer.close();
      await end(one!, completed);
      expect(site.errors).toEqual([]);
    });
  });
});
