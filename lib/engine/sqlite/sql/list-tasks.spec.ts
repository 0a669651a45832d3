import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, failed, retryAt } from '../../../../test/conformance/harness.js';
import { QUEUE, QuietStore } from '../../../../test/support/quiet-store.js';
import {
  InvalidArgumentError,
  MAX_AUDIT_ENTRIES,
  TASK_STATES,
  type TaskFilter,
  type TaskState,
} from '../../../contract/index.js';
import type { StepRecord } from '../../port/index.js';
import { auditPage, insertAudit } from './audit-rows.js';
import { readAwaited } from './awaited-tasks.js';
import { availableQueues } from './available-queues.js';
import { cancelledAmong } from './cancelled-tasks.js';
import { clearTasks } from './clear-tasks.js';
import { declaredFlows, flowOf, queuesOfGoneKeyLimits, setConcurrencies } from './flow-rows.js';
import { nextKey, readHold, readKeys } from './key-rows.js';
import { decodeCursor, encodeCursor } from './list-position.js';
import { BEYOND_FIRST, candidateQuery } from './list-tasks.js';
import { listSteps } from './listed-steps.js';
import { addPause } from './pause-rows.js';
import { declareFlow, setFlow } from './set-flow.js';
import { sendSignal } from './signal-rows.js';
import { insertStep } from './step-rows.js';
import { taskKinds } from './task-kinds.js';

let site: QuietStore;

beforeEach(async () => void (site = await QuietStore.open()));
afterEach(() => site.close());

const mask = (value: unknown, paths: readonly string[]): unknown => ({
  ...(value as object),
  ...Object.fromEntries(paths.map((path) => [path, '[masked]'])),
});

describe('The candidates of a list', () => {
  let ids: string[];

  beforeEach(() => {
    ids = site.add(
      { name: 'a' },
      { name: 'b' },
      { name: 'a', queue: 'mail' },
      { name: 'c', runAt: site.now + 5 },
      { name: 'a', queue: 'news' },
      { name: 'b', queue: 'mail', runAt: site.now + 5 },
    );
    site.claim({ wanted: 1 });
    site.claim({ wanted: 1, queue: 'mail' });
  });

  function find(
    filter: TaskFilter,
    {
      states = TASK_STATES,
      after,
      limit = 9,
      order = 'oldest',
      kinds,
    }: {
      states?: readonly TaskState[];
      after?: number;
      limit?: number;
      order?: 'oldest' | 'newest';
      kinds?: Parameters<typeof candidateQuery>[2];
    } = {},
  ): number[] {
    const query = candidateQuery(
      filter,
      states,
      kinds ?? taskKinds(site.database, filter),
      after ?? BEYOND_FIRST[order],
      limit,
      order,
    );
    return site.find(query.sql, ...query.parameters).map(({ seq }) => ids.findIndex((id) => site.seq(id) === seq));
  }

  it('are all, in either order, so many at once, beyond one', () => {
    expect(find({})).toEqual([0, 1, 2, 3, 4, 5]);
    expect(find({}, { order: 'newest' })).toEqual([5, 4, 3, 2, 1, 0]);
    expect(find({}, { limit: 2 })).toEqual([0, 1]);
    expect(find({}, { after: site.seq(ids[2]!) })).toEqual([3, 4, 5]);
    expect(find({}, { after: site.seq(ids[2]!), order: 'newest', limit: 1 })).toEqual([1]);
  });

  it('are those of states', () => {
    expect(find({}, { states: ['available'] })).toEqual([1, 4]);
    expect(find({}, { states: ['scheduled'], order: 'newest' })).toEqual([5, 3]);
    expect(find({}, { states: ['running'] })).toEqual([0, 2]);
    expect(find({}, { states: ['available', 'scheduled'] })).toEqual([1, 3, 4, 5]);
    expect(find({}, { states: ['running', 'scheduled'], limit: 3, order: 'newest' })).toEqual([5, 3, 2]);
    expect(find({}, { states: ['failed'] })).toEqual([]);
    expect(find({}, { states: [] })).toEqual([]);
    expect(find({}, { states: TASK_STATES.filter((state) => state !== 'failed') })).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('are those of queues and names', () => {
    expect(find({ queue: 'mail' })).toEqual([2, 5]);
    expect(find({ name: 'a' })).toEqual([0, 2, 4]);
    expect(find({ queue: ['mail', 'news'], name: 'a' })).toEqual([2, 4]);
    expect(find({ queue: QUEUE, name: ['a', 'c'] }, { order: 'newest' })).toEqual([3, 0]);
    expect(find({ queue: 'none' })).toEqual([]);
    expect(find({ queue: 'mail' }, { states: ['running'] })).toEqual([2]);
    expect(find({ name: 'b' }, { states: ['running'] })).toEqual([]);
    expect(find({ queue: 'mail' }, { after: site.seq(ids[2]!) })).toEqual([5]);
    expect(find({ queue: 'none' }, { states: ['available'] })).toEqual([]);
  });

  it('are those of a group of errors, in the queues that it has', () => {
    site.run(`UPDATE tasks_task SET error_group = 'g' WHERE id IN (?, ?, ?)`, ids[1]!, ids[4]!, ids[5]!);
    const kinds = [QUEUE, 'mail', 'news'].map((queue) => ({ queue, name: 'any' }));
    expect(find({ error: 'g' }, { kinds })).toEqual([1, 4, 5]);
    expect(find({ error: 'g' }, { kinds, order: 'newest', limit: 2 })).toEqual([5, 4]);
    expect(find({ error: 'g' }, { kinds: kinds.slice(0, 1) })).toEqual([1]);
    expect(find({ error: 'g' }, { kinds, after: site.seq(ids[1]!) })).toEqual([4, 5]);
    expect(find({ error: 'g' }, { kinds, states: [] })).toEqual([]);
    expect(find({ error: 'g' }, { kinds: [] })).toEqual([]);
    expect(find({ error: 'other' }, { kinds })).toEqual([]);
  });

  it.each([400, 401, 802])('are found among %i kinds, and more than one statement joins', (many) => {
    const kinds = Array.from({ length: many }, (_, index) => ({ queue: `none ${index}`, name: 'a' }));
    kinds[0] = { queue: QUEUE, name: 'b' };
    kinds[many - 1] = { queue: 'news', name: 'a' };
    expect(find({ queue: 'x' }, { kinds, states: ['available'] })).toEqual([1, 4]);
    expect(find({ queue: 'x' }, { kinds, states: ['available'], order: 'newest', limit: 1 })).toEqual([4]);
  });
});

describe('The place in a list', () => {
  it.each([
    { seq: 5 },
    { seq: 123_456 },
    { id: 'x', own: [5, 6] as const },
    { id: null, own: [5, 6] as const },
    { id: 'a/b\nc', own: null },
    { id: null, own: null },
  ])('comes back as it was: %o', (place) => {
    expect(decodeCursor(encodeCursor(place))).toEqual(place);
  });

  it('is none where there is none, and refused where no page gave it', () => {
    expect(decodeCursor(undefined)).toBeNull();
    const forged = [
      '',
      'x',
      'seq:x',
      'seq:1x',
      'x1',
      'time:x',
      'time:1.2',
      'time:1/',
      'time:x1.2/',
      'seq:1234567890123456',
      `time:/${'x'.repeat(256)}`,
    ];
    for (const text of forged) {
      expect(() => decodeCursor(Buffer.from(text).toString('base64url')), text).toThrow(InvalidArgumentError);
    }
    expect(decodeCursor(encodeCursor({ id: 'x'.repeat(255), own: null }))).toMatchObject({ own: null });
  });
});

describe('The record of what was done', () => {
  const audit = (at: number) =>
    site.write((transaction) =>
      insertAudit(transaction, { at, who: null, action: 'retry', target: `t${at}`, changed: at }),
    );

  it('is told in pages, the newest first', () => {
    for (const at of [1, 2, 3]) audit(at);
    site.run('UPDATE tasks_audit SET id = id + 10');
    const first = auditPage(site.database, { limit: 2 });
    expect(first.items).toEqual([
      { at: 3, who: null, action: 'retry', target: 't3', changed: 3 },
      { at: 2, who: null, action: 'retry', target: 't2', changed: 2 },
    ]);
    const second = auditPage(site.database, { limit: 2, cursor: first.nextCursor! });
    expect(second).toEqual({ items: [expect.objectContaining({ at: 1 })], nextCursor: null });
    expect(auditPage(site.database, { limit: 3 }).nextCursor).toBeNull();
    for (const cursor of [
      'x',
      Buffer.from('audit:1x').toString('base64url'),
      Buffer.from('audit:x1').toString('base64url'),
    ]) {
      expect(() => auditPage(site.database, { limit: 2, cursor })).toThrow(InvalidArgumentError);
    }
  });

  it('forgets what is older than so many', () => {
    audit(1);
    site.run('UPDATE sqlite_sequence SET seq = ? WHERE name = ?', MAX_AUDIT_ENTRIES, 'tasks_audit');
    site.run('UPDATE tasks_audit SET id = 1');
    site.run(
      'INSERT INTO tasks_audit (id, at, action, target, changed) VALUES (?, 2, ?, ?, 1)',
      MAX_AUDIT_ENTRIES,
      'retry',
      't',
    );
    audit(3);
    expect(auditPage(site.database, { limit: 9 }).items.map(({ at }) => at)).toEqual([3, 2]);
  });
});

describe('Tasks that are waited for', () => {
  it('are told of with their result or error', () => {
    const [done, broken, waits, lapsed] = site.add({}, {}, {}, { traits: { deadlineAt: site.now } }) as [
      string,
      string,
      string,
      string,
    ];
    const [first, second] = site.claim({ wanted: 2 });
    site.end(first!, { ...completed, result: { json: '{"r":1}', sensitive: [], keepFor: null } } as never);
    site.end(second!, {
      kind: 'failed',
      maxAttempts: 1,
      keepFor: null,
      error: { name: 'TypeError', message: 'broken' },
    });
    site.run(
      `UPDATE tasks_task SET state = 'failed', traits = '{"deadlineAt":5,"reason":"deadline"}' WHERE id = ?`,
      lapsed,
    );
    const { tasks, looked } = readAwaited(site.database, [done, 'none', broken, waits, lapsed]);
    expect(looked).toBe(5);
    const common = { queue: QUEUE, name: 'work', error: null, result: null };
    expect(tasks).toEqual([
      { ...common, id: done, state: 'completed', result: '{"r":1}' },
      { ...common, id: broken, state: 'failed', error: { name: 'TypeError', message: 'broken' } },
      { ...common, id: waits, state: 'available' },
      {
        ...common,
        id: lapsed,
        state: 'failed',
        error: expect.objectContaining({ name: 'DeadlineError' }) as unknown,
        reason: 'deadline',
      },
    ]);
    site.run(`UPDATE tasks_task SET state = 'failed' WHERE id IN (?, ?)`, done, waits);
    site.run(`UPDATE tasks_attempt SET error_stack = 'stack', error_message = NULL`);
    expect(readAwaited(site.database, [done, waits, broken]).tasks).toMatchObject([
      { error: null, result: null },
      { error: null },
      { error: { name: 'TypeError', message: '', stack: 'stack' } },
    ]);
  });

  it('have the error of the attempt of which it is told last', () => {
    const [id] = site.add({});
    site.end(site.claim()[0]!, retryAt(site.now));
    site.end(site.claim()[0]!, failed('last'));
    expect(readAwaited(site.database, [id!]).tasks[0]!.error).toMatchObject({ message: 'last' });
  });

  it('are told of in parts, where their results are large', () => {
    const ids = site.add({}, {}, {});
    const json = JSON.stringify('x'.repeat(8 * 1_024 ** 2 - 2));
    for (const task of site.claim({ wanted: 2 }))
      site.end(task, { ...completed, result: { json, sensitive: [], keepFor: null } } as never);
    expect(readAwaited(site.database, ids)).toMatchObject({ looked: 1, tasks: [{ id: ids[0] }] });
    site.run('UPDATE tasks_result SET value = substr(value, 2)');
    expect(readAwaited(site.database, ids).looked).toBe(2);
  });
});

describe('What a worker is asked to end', () => {
  it('is its own, and runs', () => {
    const ids = site.add({}, {}, {}, {});
    site.claim({ wanted: 2 });
    site.claim({}, { worker: 'two' });
    for (const id of ids) site.act('cancel', id);
    site.run('UPDATE tasks_task SET cancel_requested = 0 WHERE id = ?', ids[0]!);
    expect(cancelledAmong(site.database, 'one')).toEqual(new Set([site.seq(ids[1]!)]));
  });
});

describe('A store that is cleared', () => {
  it('has no task, no pause and no schedule but those of the code', () => {
    site.add({ traits: { tags: { a: 'b' }, deadlineAt: site.now + 5 } }, { traits: { key: 'a' } });
    site.end(site.claim()[0]!, failed());
    site.limit(QUEUE, { keyConcurrency: 1 });
    site.write((transaction) => addPause(transaction, { name: 'x' }, 1));
    site.run(`INSERT INTO tasks_name (name, sensitive) VALUES ('work', '[]')`);
    const schedule = `INSERT INTO tasks_schedule (name, source, expression, queue, task, params, priority, catch_up, overlap, disabled)`;
    site.run(
      `${schedule} VALUES ('mine', 'code', 'x', 'q', 't', '{}', 0, 'once', 1, 0), ('own', 'runtime', 'x', 'q', 't', '{}', 0, 'once', 1, 0)`,
    );
    for (let times = 0; times < 2; times += 1) {
      site.write(clearTasks);
      const tables = site.find(`SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'tasks_*'`);
      const left = tables
        .map(({ name }) => String(name))
        .filter((name) => site.find(`SELECT 1 FROM ${name}`).length > 0);
      expect(left.toSorted()).toEqual(['tasks_migration', 'tasks_name', 'tasks_schedule']);
      expect(site.find('SELECT name FROM tasks_schedule')).toEqual([{ name: 'mine' }]);
      site.add({});
    }
  });
});

describe('What queues let run', () => {
  it('is what was declared, and over it what was set', () => {
    site.write((transaction) => declareFlow(transaction, 'a', '{"concurrency":2,"fair":true}'));
    site.write((transaction) => setFlow(transaction, 'a', { concurrency: 5 }));
    site.write((transaction) => setFlow(transaction, 'b', { globalConcurrency: 3 }));
    expect(flowOf(site.database, 'a')).toEqual({ concurrency: 5, fair: true });
    expect(flowOf(site.database, 'b')).toEqual({ globalConcurrency: 3 });
    expect(flowOf(site.database, 'none')).toEqual({});
    site.run(`INSERT INTO tasks_queue (name) VALUES ('c')`);
    expect(flowOf(site.database, 'c')).toEqual({});
    expect(declaredFlows(site.database)).toEqual(new Map([['a', '{"concurrency":2,"fair":true}']]));
    expect(setConcurrencies(site.database)).toEqual(new Map([['a', 5]]));
  });

  it('knows the queues of which keys are limited no more', () => {
    const rate = { max: 1, per: 1_000 };
    for (const queue of ['a', 'b', 'c']) {
      site.limit(queue, { keyRateLimit: rate });
      site.add({ queue, traits: { key: 'k' } });
      site.claim({ queue });
    }
    expect(queuesOfGoneKeyLimits(site.database)).toEqual([]);
    for (const queue of ['a', 'c']) site.write((transaction) => setFlow(transaction, queue, { keyRateLimit: null }));
    expect(queuesOfGoneKeyLimits(site.database)).toEqual(['a', 'c']);
  });

  it('is seen in the queues of which something is available', () => {
    site.add({ queue: 'a' }, { queue: 'b', runAt: site.now + 5 }, { queue: 'c' });
    expect([...availableQueues(site.database)].toSorted()).toEqual(['a', 'c']);
  });
});

describe('The keys of a queue', () => {
  const keyed = (key: string, priority = 0) => ({ traits: { key }, priority });

  it('are told of in pages, with what of each waits and runs', () => {
    site.limit(QUEUE, { keyConcurrency: 1 });
    site.add(keyed('a'), keyed('a'), keyed('a'), keyed('ä'), keyed('b'), keyed('😀'), keyed('\uFFFD'));
    site.claim();
    const page = readKeys(site.database, QUEUE, '', 2, site.now);
    expect(page).toEqual({
      queue: QUEUE,
      flow: { keyConcurrency: 1 },
      keys: [
        { key: 'a', held: 2, available: 0, running: 1 },
        { key: 'b', held: 0, available: 1, running: 0 },
      ],
      next: 'b',
    });
    const second = readKeys(site.database, QUEUE, 'b', 9, site.now);
    expect(second.keys.map(({ key }) => key)).toEqual(['ä', '\uFFFD', '😀']);
    expect(second.next).toBeNull();
    expect(readKeys(site.database, QUEUE, 'b', 3, site.now).next).toBeNull();
    expect(readKeys(site.database, QUEUE, '', 0, site.now)).toMatchObject({ keys: [], next: null });
    // By bytes, whatever the state of the tasks of each.
    site.run(`UPDATE tasks_task SET state = 'running' WHERE key = ?`, '\uFFFD');
    expect(nextKey(site.database, QUEUE, 'ä')).toBe('\uFFFD');
    site.run(`UPDATE tasks_task SET state = 'held' WHERE key = ?`, '😀');
    expect(nextKey(site.database, QUEUE, 'ä')).toBe('\uFFFD');
    site.run(`UPDATE tasks_task SET state = iif(key = '😀', 'running', 'held') WHERE key IN ('😀', '\uFFFD')`);
    expect(nextKey(site.database, QUEUE, 'ä')).toBe('\uFFFD');
    expect(nextKey(site.database, QUEUE, '', ['available'])).toBe('b');
    expect(nextKey(site.database, QUEUE, '😀', ['held'])).toBeNull();
    expect(nextKey(site.database, 'other', '')).toBeNull();
  });

  it('have the starts that their limit counts, and when it has a place again', () => {
    const keyRateLimit = { max: 1, per: 1_000 };
    site.limit(QUEUE, { keyRateLimit });
    site.add(keyed('a'), keyed('a'), keyed('a'), keyed('b'));
    site.claim({ wanted: 9 });
    expect(readKeys(site.database, QUEUE, '', 9, site.now).keys).toEqual([
      { key: 'a', held: 0, available: 2, running: 1, starts: { used: 1, waiting: 2, nextAt: site.now + 1_000 } },
      { key: 'b', held: 0, available: 0, running: 1, starts: { used: 1, waiting: 0, nextAt: null } },
    ]);
    site.run('DELETE FROM tasks_key_limit');
    expect(readKeys(site.database, QUEUE, '', 1, site.now).keys[0]!.starts!.nextAt).toBeNull();
  });

  it('say why a task of theirs is held', () => {
    site.limit(QUEUE, { keyConcurrency: 1 });
    const ids = site.add(keyed('a', 5), keyed('a', 2), keyed('a', 3), keyed('a', 2));
    const hold = (id: string, others = {}) =>
      readHold(site.database, { ...(site.row(id) as unknown as Parameters<typeof readHold>[1]), ...others });
    expect(hold(ids[3]!)).toEqual({ key: 'a', concurrency: 1, holders: [ids[0]], ahead: 2 });
    expect(hold(ids[2]!)).toMatchObject({ ahead: 0 });
    expect(hold(ids[3]!, { key: null })).toBeNull();
    expect(hold(ids[3]!, { queue: 'other' })).toBeNull();
  });
});

describe('The steps of a task', () => {
  it('are told of in their order, masked, with the signals that wait', () => {
    const [id] = site.add({});
    const step = (position: number, others: Partial<StepRecord> = {}): StepRecord => ({
      kind: 'step',
      name: `s${position}`,
      number: 0,
      position,
      result: '{"a":1,"b":2}',
      sensitive: [],
      wait: null,
      startedAt: 5,
      finishedAt: 6,
      ...others,
    });
    const put = (record: StepRecord) => insertStep(site.database, site.seq(id!), 3, record);
    put(step(2, { sensitive: ['a'] }));
    put(step(1));
    put(step(3, { kind: 'sleep', result: null, wait: { until: 9 }, finishedAt: null }));
    put(step(4, { result: JSON.stringify('x'.repeat(64 * 1_024 - 1)) }));
    put(step(5, { result: JSON.stringify('x'.repeat(64 * 1_024 - 2)) }));
    site.write((transaction) => sendSignal(transaction, id!, { name: 'one', payload: '{"a":1}', sensitive: ['a'] }, 7));
    site.write((transaction) =>
      sendSignal(transaction, id!, { name: 'two', payload: JSON.stringify('x'.repeat(70_000)), sensitive: [] }, 8),
    );
    site.write((transaction) => sendSignal(transaction, id!, { name: 'three', payload: '{"a":1}', sensitive: [] }, 9));
    const listed = listSteps(site.database, id!, mask)!;
    const common = { kind: 'step', number: 0, attempt: 3, startedAt: 5, finishedAt: 6 };
    expect(listed.total).toBe(5);
    expect(listed.steps.slice(0, 4)).toEqual([
      { ...common, name: 's1', position: 1, result: { a: 1, b: 2 } },
      { ...common, name: 's2', position: 2, result: { a: '[masked]', b: 2 } },
      { ...common, kind: 'sleep', name: 's3', position: 3, wait: { until: 9 }, finishedAt: null },
      { ...common, name: 's4', position: 4, isLarge: true },
    ]);
    expect(listed.steps[4]).toMatchObject({ result: 'x'.repeat(64 * 1_024 - 2) });
    expect(listed.steps[4]).not.toHaveProperty('isLarge');
    expect(listed.signals).toEqual([
      { name: 'one', sentAt: 7, payload: { a: '[masked]' } },
      { name: 'two', sentAt: 8, payload: null },
      { name: 'three', sentAt: 9, payload: { a: 1 } },
    ]);
    expect(listSteps(site.database, 'none', mask)).toBeNull();
  });
});
