import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, MINUTE, newTask, retryAt, START } from '../../../../test/conformance/harness.js';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import type { QueueFlow } from '../../../contract/index.js';
import type { NewTask } from '../../port/index.js';
import { actOnTask, findTask } from './act-on-tasks.js';
import { finishAttempt } from './finish-attempt.js';
import { insertTasks, insertTasksWithin } from './insert-tasks.js';
import { setFlow } from './set-flow.js';
import { KeyCauses, noteSlot, readyState } from './settle-keys.js';
import { behind, stepOf } from './slots.js';

describe('The slots of keys', () => {
  let site: QuietStore;

  beforeEach(async () => void (site = await QuietStore.open()));
  afterEach(() => site.close());

  const limit = (flow: { [Part in keyof QueueFlow]: QueueFlow[Part] | null }) =>
    site.write((transaction) => setFlow(transaction, 'default', flow));
  /** A task of each key, in this order. */
  const enqueue = (...keys: ReadonlyArray<string | Partial<NewTask>>) =>
    site.store(...keys.map((key) => (typeof key === 'string' ? { traits: { key } } : key)));
  const keyed = (key: string, priority: number) => ({ priority, traits: { key } });
  /** The states of all tasks by their first letters, in the order in which they were stored: s, a, h, r, c. */
  const states = () =>
    site
      .find('SELECT state FROM tasks_task ORDER BY seq')
      .map(({ state }) => (state as string)[0])
      .join('');
  const turns = () => site.find('SELECT turn FROM tasks_task ORDER BY seq').map(({ turn }) => turn);
  /** Looks at keys, as when their limit has changed. */
  const look = (...keys: string[]) =>
    site.write((transaction) => {
      for (const key of keys) transaction.keys.freed('default', key);
      return transaction.keys.settle(transaction);
    });
  const touched = () => site.last.touched.get('default') ?? [];

  it('go to the first of each key, and to the next when one ends', () => {
    limit({ keyConcurrency: 2 });
    const [one] = enqueue('a', 'a', 'a', 'a', 'b');
    expect(states()).toBe('aahha');
    expect(site.find(`SELECT keyed FROM tasks_queue WHERE name = 'default'`)).toEqual([{ keyed: 1 }]);
    const [first, second] = site.claim({ wanted: 2 });
    expect(states()).toBe('rrhha');
    site.end(first!, completed);
    expect(first!.id).toBe(one!.id);
    expect(states()).toBe('craha');
    expect(site.last.available).toEqual(new Set(['default']));
    expect(touched()).toHaveLength(2);
    site.end(second!, retryAt(START + MINUTE));
    expect(states()).toBe('craaa');
  });

  it('are kept by what is handed back, and freed by what is deleted or put off', () => {
    limit({ keyConcurrency: 1 });
    const [one, two, three] = enqueue('a', 'a', 'a', 'a');
    const [claimed] = site.claim();
    site.end(claimed!, { kind: 'released', maxAttempts: 4 });
    expect(states()).toBe('ahhh');
    const act = (id: string, action: 'delete' | 'cancel' | 'retry') =>
      site.write((transaction) => actOnTask(transaction, action, findTask(transaction, { id })!, site.now, () => null));
    act(one!.id, 'delete');
    expect(states()).toBe('ahh');
    act(three!.id, 'delete');
    expect(states()).toBe('ah');
    act(two!.id, 'cancel');
    expect(states()).toBe('ca');
    act(two!.id, 'retry');
    expect(states()).toBe('ha');
  });

  it('are no more than before where somebody lowers the limit, and more where it is raised or lifted', () => {
    limit({ keyConcurrency: 3 });
    enqueue('a', 'a', keyed('a', 5), 'a', 'a');
    expect(states()).toBe('aaahh');
    limit({ keyConcurrency: 1 });
    expect(look('a')).toBe(2);
    expect(states()).toBe('hhahh');
    expect(touched()).toHaveLength(2);
    expect(look('a')).toBe(0);
    limit({ keyConcurrency: 2 });
    expect(look('a')).toBe(1);
    expect(states()).toBe('ahahh');
    limit({ keyConcurrency: null });
    expect(look('a')).toBe(3);
    expect(states()).toBe('aaaaa');
  });

  it('go to one of a greater priority that comes, from the last that is ready', () => {
    limit({ keyConcurrency: 2 });
    enqueue('a', keyed('a', 1), 'a');
    expect(states()).toBe('aah');
    enqueue(keyed('a', 5));
    expect(states()).toBe('haha');
    expect(touched()).toHaveLength(3);
    enqueue(keyed('a', 1));
    expect(states()).toBe('hahah');
    enqueue(keyed('a', 9), keyed('a', 9), keyed('a', 9));
    expect(states()).toBe('hhhhhaah');
    // One that runs keeps its slot.
    site.claim({ wanted: 2 });
    enqueue(keyed('a', 99));
    expect(states()).toBe('hhhhhrrhh');
  });

  it('take what comes first of one that comes later and of one that waits', () => {
    limit({ keyConcurrency: 1 });
    enqueue(keyed('a', 1), keyed('a', 2), keyed('a', 3));
    expect(states()).toBe('hha');
    enqueue(keyed('a', 2), keyed('b', 0));
    expect(states()).toBe('hhaha');
  });

  it('are given out at once for as many as come, and else for two hundred at most', () => {
    enqueue(...Array.from({ length: 210 }, () => 'a'));
    expect(states()).toBe('a'.repeat(210));
    limit({ keyConcurrency: 1 });
    expect(look('a')).toBe(200);
    expect(look('a')).toBe(9);
    expect(states()).toBe(`a${'h'.repeat(209)}`);
    limit({ keyConcurrency: null });
    expect(look('a')).toBe(200);
    expect(look('a')).toBe(9);
    expect(look('a')).toBe(0);
  });

  it('go to one task of each of many keys whose slots are given back together', () => {
    limit({ keyConcurrency: 1 });
    enqueue('a', 'a', 'b', 'b', 'c');
    const ended = site.claim({ wanted: 3 });
    site.write((transaction) => {
      const timing = { startedAt: site.now, finishedAt: site.now };
      for (const task of ended) finishAttempt(transaction, task, completed, timing);
    });
    expect(states()).toBe('cacac');
    expect(touched()).toHaveLength(5);
    enqueue('a', 'b');
    limit({ keyConcurrency: 2 });
    expect(look('a', 'b', 'c')).toBe(2);
    expect(states()).toBe('cacacaa');
  });

  it('are exchanged for as many as come, and for none where nothing limits them', () => {
    limit({ keyConcurrency: 2 });
    enqueue('a', 'a', 'a', 'a');
    site.run(`UPDATE tasks_task SET priority = 5 WHERE state = 'held'`);
    enqueue('a');
    expect(states()).toBe('ahahh');
    look('a');
    expect(states()).toBe('ahahh');
    limit({ keyConcurrency: 1 });
    enqueue(...Array.from({ length: 210 }, () => 'b'));
    limit({ keyConcurrency: null });
    site.run(`UPDATE tasks_task SET priority = 5 WHERE state = 'held' AND key = 'b'`);
    enqueue('b');
    expect(states().slice(5)).toBe(`${'a'.repeat(201)}${'h'.repeat(10)}`);
  });

  it('are looked for from the first task on that has a key, and not for what runs without', () => {
    const isKeyed = () => site.find(`SELECT keyed FROM tasks_queue WHERE name = 'default'`);
    limit({ globalConcurrency: 1 });
    enqueue({}, {});
    const [first] = site.claim();
    site.end(first!, completed);
    expect(isKeyed()).toEqual([{ keyed: null }]);
    const [second] = site.claim();
    site.write((transaction) => {
      finishAttempt(transaction, second!, completed, { startedAt: site.now, finishedAt: site.now });
      insertTasks(transaction, [newTask(site.clock, { traits: { key: 'a' } })], site.now);
    });
    expect(isKeyed()).toEqual([{ keyed: 1 }]);
  });

  it('are without number for tasks that have an empty key', () => {
    limit({ keyConcurrency: 1 });
    enqueue('', '', '');
    expect(states()).toBe('aaa');
  });

  it('are told of where all that runs in a queue is limited, as one more may run', () => {
    limit({ globalConcurrency: 1 });
    enqueue('a', 'a');
    const [claimed] = site.claim();
    site.end(claimed!, completed);
    expect(states()).toBe('ca');
    expect(site.last.available).toEqual(new Set(['default']));
    limit({ globalConcurrency: null });
    const [next] = site.claim();
    site.end(next!, completed);
    expect(site.last.available).toEqual(new Set());
  });

  it('let keys take turns, where that is asked for', () => {
    limit({ fair: true, weights: { big: 2 } });
    enqueue('a', 'a', 'a', 'b', 'big', 'big');
    expect(turns()).toEqual([0, 1, 2, 0, 0, 0.5]);
    const order = site.claim({ wanted: 4 });
    expect(order.map(({ traits }) => traits!.key)).toEqual(['a', 'b', 'big', 'big']);
    // A new key stands beside the head of the line.
    enqueue('c', 'a', keyed('a', 3), keyed('a', 3));
    expect(turns().slice(6)).toEqual([1, 3, 0, 1]);
    // One that is handed back stands at the head, and no further ahead.
    site.end(order[0]!, { kind: 'released', maxAttempts: 4 });
    expect(turns()[0]).toBe(1);
    site.end(order[1]!, completed);
    expect(turns()[3]).toBe(0);
  });

  it('put what was held behind the head of the line', () => {
    limit({ fair: true, keyConcurrency: 1 });
    enqueue('a', 'a', 'b', 'b', 'c');
    expect(states()).toBe('ahaha');
    expect(turns()).toEqual([0, null, 0, null, 0]);
    const [first] = site.claim();
    site.end(first!, completed);
    expect(turns()).toEqual([0, 1, 0, null, 0]);
    limit({ keyConcurrency: null });
    look('b');
    expect(turns()).toEqual([0, 1, 0, 1, 0]);
    limit({ fair: null });
    enqueue('d');
    expect(turns()[5]).toBeNull();
  });

  it('forget the turn and the limit that a task was parked for when it is held', () => {
    limit({ fair: true });
    enqueue('a', 'a');
    site.run(`UPDATE tasks_task SET parked = 'limit:x'`);
    limit({ keyConcurrency: 1 });
    look('a');
    expect(site.find('SELECT state, turn, parked FROM tasks_task ORDER BY seq')).toEqual([
      { state: 'available', turn: 0, parked: 'limit:x' },
      { state: 'held', turn: null, parked: null },
    ]);
  });

  it('are given out in the transaction of an app as well', async () => {
    await site.close();
    site = await QuietStore.openFile();
    limit({ keyConcurrency: 1 });
    const within = (...tasks: ReadonlyArray<Partial<NewTask>>) =>
      site.runWithin((manager) =>
        insertTasksWithin(
          manager,
          tasks.map((task) => newTask(site.clock, task)),
          site.now,
        ),
      );
    const mail = { queue: 'mail' };
    await within(
      keyed('a', 0),
      keyed('a', 0),
      keyed('b', 0),
      { ...keyed('a', 0), ...mail },
      { ...keyed('a', 0), ...mail },
    );
    expect(states()).toBe('ahaaa');
    // What comes and goes in one transaction is not counted.
    expect(site.find('SELECT 1 FROM tasks_count WHERE count = 0')).toEqual([]);
    await within(keyed('a', 5));
    expect(states()).toBe('hhaaaa');
    expect(site.find('SELECT name, keyed FROM tasks_queue ORDER BY name')).toEqual([
      { name: 'default', keyed: 1 },
      { name: 'mail', keyed: 1 },
    ]);
  });
});

describe('What happened to tasks of keys', () => {
  const noted = () => {
    const keys = new KeyCauses();
    const run: number[] = [];
    const prepare = () => ({ run: (seq: number) => run.push(seq) });
    const note = (key: string | null, from: Parameters<typeof noteSlot>[2], to: Parameters<typeof noteSlot>[3]) =>
      noteSlot(
        { keys, database: { prepare } as never, available: new Set(), moved: () => undefined, touch: () => undefined },
        { seq: 7, queue: 'q', key },
        from,
        to,
      );
    return { keys, note, run, causes: () => [...keys.byQueue()].map(([queue, of]) => [queue, [...of]]) };
  };

  it.each([
    ['running', 'completed', [{ freed: true, entered: 0 }]],
    ['available', null, [{ freed: true, entered: 0 }]],
    ['available', 'scheduled', [{ freed: true, entered: 0 }]],
    ['available', 'held', [{ freed: true, entered: 1 }]],
    ['running', 'available', [{ freed: true, entered: 0 }]],
    ['available', 'running', []],
    ['scheduled', 'held', [{ freed: false, entered: 1 }]],
    ['held', 'cancelled', []],
    ['scheduled', 'cancelled', []],
  ] as const)('from %s to %s is noted by what it means for their slots', (from, to, causes) => {
    const { note, run, causes: found } = noted();
    note('a', from, to);
    expect(found()).toEqual(causes.length === 0 ? [] : [['q', [['a', causes[0]]]]]);
    expect(run).toEqual(from === 'running' && to === 'available' ? [7] : []);
    note(null, from, to);
    expect(found().flat(2).flat()).toHaveLength(causes.length === 0 ? 0 : 3);
  });

  it('is noted once for each key', () => {
    const { note, causes } = noted();
    note('a', 'scheduled', 'held');
    note('a', 'scheduled', 'held');
    note('a', 'running', 'failed');
    note('b', 'scheduled', 'held');
    expect(causes()).toEqual([
      [
        'q',
        [
          ['a', { freed: true, entered: 2 }],
          ['b', { freed: false, entered: 1 }],
        ],
      ],
    ]);
  });
});

it('A task that may run is held by its key, where it has one', () => {
  expect([null, undefined, 'a', ''].map((key) => readyState({ key }))).toEqual([
    'available',
    'available',
    'held',
    'held',
  ]);
});

it('Keys stand as far apart in the line as their weights say', () => {
  expect(stepOf({}, 'a')).toBe(1);
  expect(stepOf({ weights: { a: 4 } }, 'a')).toBe(0.25);
  expect(stepOf({ weights: { a: 4 } }, 'b')).toBe(1);
  expect(stepOf({ weights: { a: 4 } }, 'toString')).toBe(1);
  expect([behind(null, 1), behind(3, 0.5), behind(3, 0)]).toEqual([0, 3.5, 3]);
});
