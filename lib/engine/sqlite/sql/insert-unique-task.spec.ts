import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, newTask, retryAt } from '../../../../test/conformance/harness.js';
import { QUEUE, QuietStore } from '../../../../test/support/quiet-store.js';
import { DuplicateTaskError, type TaskTraits, type UniqueClaim } from '../../../contract/index.js';
import type { EnqueueAnswer, NewTask } from '../../port/index.js';
import { insertTasks, insertUnlessRejected } from './insert-tasks.js';

let site: QuietStore;

beforeEach(async () => void (site = await QuietStore.open()));
afterEach(() => site.close());

const task = (others: Partial<NewTask> = {}): NewTask => newTask({ now: () => site.now }, others);
const insert = (...tasks: readonly NewTask[]): EnqueueAnswer[] =>
  site.write((transaction) => insertTasks(transaction, tasks, site.now));
const insertAll = (...tasks: readonly NewTask[]) =>
  site.write((transaction) => insertUnlessRejected(transaction, tasks, site.now));

function unique(claim: Partial<UniqueClaim> = {}, traits: TaskTraits = {}, others: Partial<NewTask> = {}): NewTask {
  return task({ traits: { unique: { key: 'k', until: 'ended', onConflict: 'keep', ...claim }, ...traits }, ...others });
}

describe('A task that is alone', () => {
  it('is not stored while another one holds its key', () => {
    const [first, second, other] = [unique(), unique(), unique({ key: 'other' })];
    expect(insert(first, second, other)).toEqual(['stored', { holder: first.id }, 'stored']);
    expect(site.row(second.id)).toBeUndefined();
    expect(site.counts()).toEqual({ 'default available': 2 });
    site.end(site.claim()[0]!, completed);
    expect(insert(second)).toEqual(['stored']);
    expect(site.last.touched.get(QUEUE)).toEqual([second.id]);
    expect(site.find(`SELECT task FROM tasks_unique ORDER BY task`)).toHaveLength(2);
    // Without a key of the queue's no slot of one is looked for.
    expect(site.find('SELECT * FROM tasks_queue')).toEqual([]);
  });

  it('is stored as every other one is, with what stands beside it', () => {
    site.limit(QUEUE, { keyConcurrency: 1 });
    const traits = { key: 'a', tags: { a: 'b' }, startBy: site.now + 9 };
    const [first, second, later] = [
      unique({}, traits),
      unique({ key: '2' }, traits),
      unique({ key: '3' }, traits, { runAt: site.now + 5 }),
    ];
    insert(first, second, later);
    expect(site.states([first.id, second.id, later.id])).toEqual(['available', 'held', 'scheduled']);
    expect(site.last.dueAt).toBe(site.now + 5);
    expect(site.last.lapseAt).toBe(site.now + 9);
    expect(site.find('SELECT * FROM tasks_tag')).toHaveLength(3);
    expect(site.last.touched.get(QUEUE)).toEqual(expect.arrayContaining([first.id, second.id, later.id]));
    expect(site.counts()).toEqual({ 'default available': 1, 'default held': 1, 'default scheduled': 1 });
  });

  it('has the place in the line of its queue key that its priority has now', () => {
    site.limit(QUEUE, { keyConcurrency: 1 });
    const ofKey = (claim: string, priority: number) =>
      unique({ key: claim, onConflict: 'replace' }, { key: 'a' }, { priority });
    const [first, second] = [ofKey('1', 0), ofKey('2', 0)];
    insert(first, second);
    const states = () => site.states([first.id, second.id]);
    expect(states()).toEqual(['available', 'held']);
    insert(ofKey('2', 5));
    expect(states()).toEqual(['held', 'available']);
    insert(ofKey('2', -5));
    expect(states()).toEqual(['available', 'held']);
    insert(ofKey('2', 0));
    expect(states()).toEqual(['available', 'held']);
    expect(site.counts()).toEqual({ 'default available': 1, 'default held': 1 });
  });

  it('that is handed over again is known by its id', () => {
    const first = unique({}, {}, { mayExist: true });
    expect(insert(first)).toEqual(['stored']);
    expect(insert(first)).toEqual(['existing']);
    expect(insert({ ...first, mayExist: false })).toEqual([{ holder: first.id }]);
    site.end(site.claim()[0]!, completed);
    expect(insert(first)).toEqual(['existing']);
    expect(insert({ ...first, mayExist: false })).toEqual(['existing']);
    expect(site.counts()).toEqual({ 'default completed': 1 });
  });

  it('takes the place of one that waits', () => {
    const first = unique(
      {},
      { tags: { a: 'b' }, startBy: site.now + 3 },
      { params: '{"n":1}', sensitive: ['n'], maxAttempts: 2 },
    );
    insert(first);
    const second = unique(
      { onConflict: 'replace', for: 5 },
      { tags: { c: 'd' }, deadlineAt: site.now + 7, version: 3 },
      { params: '{"n":2}', priority: 4, settings: '{"s":1}', maxAttempts: null, runAt: site.now },
    );
    expect(insert(second)).toEqual([{ holder: first.id }]);
    expect(site.row(first.id)).toMatchObject({
      params: '{"n":2}',
      sensitive: null,
      settings: '{"s":1}',
      max_attempts: 2,
      priority: 4,
      run_at: site.now,
      state: 'available',
      beside: 1,
      key: null,
    });
    const { unique: kept, ...traits } = JSON.parse(site.row(first.id)!.traits as string) as TaskTraits;
    expect(traits).toEqual({ tags: { c: 'd' }, deadlineAt: site.now + 7, version: 3 });
    expect(kept).toEqual({ key: 'k', until: 'ended', onConflict: 'keep' });
    expect(site.find('SELECT name FROM tasks_tag')).toEqual([{ name: 'c' }]);
    expect(site.find('SELECT at FROM tasks_lapse')).toEqual([{ at: site.now + 7 }]);
    expect(site.last.lapseAt).toBe(site.now + 7);
    expect(site.last.touched.get(QUEUE)).toEqual([first.id]);
    expect(site.last.dueAt).toBe(Infinity);
    expect(site.counts()).toEqual({ 'default available': 1 });
    insert(unique({ onConflict: 'replace' }, {}, { sensitive: ['x', 'y'], maxAttempts: 9 }));
    expect(site.row(first.id)).toMatchObject({ sensitive: '["x","y"]', max_attempts: 9 });
  });

  it('moves the one that waits to its time, and back', () => {
    const first = unique();
    insert(first);
    insert(unique({ onConflict: 'replace' }, {}, { runAt: site.now + 50 }));
    expect(site.row(first.id)).toMatchObject({ state: 'scheduled', run_at: site.now + 50 });
    expect(site.last.dueAt).toBe(site.now + 50);
    expect(site.counts()).toEqual({ 'default scheduled': 1 });
    insert(unique({ onConflict: 'replace' }));
    expect(site.row(first.id)).toMatchObject({ state: 'available', run_at: site.now });
    expect(site.last.dueAt).toBe(Infinity);
    expect(site.counts()).toEqual({ 'default available': 1 });
  });

  it('puts the one that waits off as far as it may', () => {
    const first = unique({}, {}, { runAt: site.now + 10 });
    insert(first);
    insert(unique({ onConflict: 'replace', wait: 100, max: 60 }, {}, { runAt: site.now + 100 }));
    expect(site.row(first.id)!.run_at).toBe(site.now + 60);
  });

  it('leaves its place, its turn and its slot to one that has another key', () => {
    site.limit(QUEUE, { keyConcurrency: 1, fair: true });
    const [first, next, other] = [
      unique({}, { key: 'a' }),
      task({ traits: { key: 'a' } }),
      task({ traits: { key: 'b' } }),
    ];
    insert(first, next, other);
    const ids = [first.id, next.id, other.id];
    expect(site.states(ids)).toEqual(['available', 'held', 'available']);
    const turn = site.row(first.id)!.turn;
    expect(turn).not.toBeNull();
    // The same key: it stays where it is.
    insert(unique({ onConflict: 'replace' }, { key: 'a' }));
    expect(site.states(ids)).toEqual(['available', 'held', 'available']);
    expect(site.row(first.id)!.turn).toBe(turn);
    insert(unique({ onConflict: 'replace' }, { key: 'b' }));
    expect(site.states(ids)).toEqual(['held', 'available', 'available']);
    expect(site.row(first.id)).toMatchObject({ key: 'b', turn: null });
    insert(unique({ onConflict: 'replace' }));
    expect(site.row(first.id)).toMatchObject({ state: 'available', key: null });
    insert(unique({ onConflict: 'replace' }, { key: 'c' }));
    expect(site.row(first.id)).toMatchObject({ state: 'available', key: 'c' });
    insert(unique({ onConflict: 'replace' }, { key: 'c' }, { runAt: site.now + 9 }));
    expect(site.row(first.id)).toMatchObject({ state: 'scheduled', turn: null });
    insert(unique({ onConflict: 'replace' }, { key: 'c' }));
    expect(site.row(first.id)).toMatchObject({ state: 'available' });
    expect(site.counts()).toEqual({ 'default available': 3 });
  });

  it('takes the place of one that is held, which stays held', () => {
    site.limit(QUEUE, { keyConcurrency: 1 });
    const [before, first] = [task({ traits: { key: 'a' } }), unique({}, { key: 'a' })];
    insert(before, first);
    expect(site.states([first.id])).toEqual(['held']);
    insert(unique({ onConflict: 'replace' }, { key: 'a' }));
    expect(site.states([before.id, first.id])).toEqual(['available', 'held']);
    insert(unique({ onConflict: 'replace' }));
    expect(site.states([before.id, first.id])).toEqual(['available', 'available']);
    expect(site.counts()).toEqual({ 'default available': 2 });
  });

  it('takes the place of one that is parked, which is in the line again', () => {
    const first = unique();
    insert(first);
    site.run(`UPDATE tasks_task SET parked = 'limit:x'`);
    insert(unique({ onConflict: 'replace' }));
    expect(site.row(first.id)!.parked).toBeNull();
  });

  it('leaves one alone that waits for something else', () => {
    const first = unique({ until: 'ended' });
    insert(first);
    site.run(`UPDATE tasks_task SET state = 'blocked'`);
    site.run(`UPDATE tasks_count SET state = 'blocked'`);
    insert(unique({ onConflict: 'replace' }, {}, { runAt: site.now + 50 }));
    expect(site.row(first.id)).toMatchObject({ state: 'blocked', run_at: site.now + 50 });
  });

  it('does not touch one that has begun', () => {
    const first = unique();
    insert(first);
    site.claim();
    expect(insert(unique({ onConflict: 'replace' }, {}, { params: '{"n":2}' }))).toEqual([{ holder: first.id }]);
    expect(site.row(first.id)).toMatchObject({ params: '{}', state: 'running' });
    expect(site.last.touched.size).toBe(0);
  });

  it('joins its list to that of one that waits', () => {
    const join = { field: 'ids', maxBytes: 60 };
    const joining = { onConflict: 'join', join } as const;
    const first = unique(joining, {}, { params: '{"ids":[1],"x":2}', sensitive: ['ids'] });
    insert(first);
    expect(insert(unique(joining, {}, { params: '{"ids":[2,3]}', sensitive: ['x', 'ids'] }))).toEqual([
      { holder: first.id },
    ]);
    expect(site.row(first.id)).toMatchObject({ params: '{"ids":[1,2,3],"x":2}', sensitive: '["ids","x"]' });
    expect(site.last.touched.get(QUEUE)).toEqual([first.id]);
    const other = unique({ ...joining, key: 'other' }, {}, { params: '{"ids":[1]}' });
    expect(insert(other)).toEqual(['stored']);
    expect(insert(unique({ ...joining, key: 'other' }, { version: 2 }, { params: '{"ids":[2]}' }))).toEqual(['stored']);
    // Too large, of another version, or no list: it begins anew.
    const large = unique(joining, {}, { params: JSON.stringify({ ids: ['x'.repeat(60)] }) });
    expect(insert(large)).toEqual(['stored']);
    const newer = unique(joining, { version: 2 }, { params: '{"ids":[4]}' });
    expect(insert(newer)).toEqual(['stored']);
    expect(insert(unique(joining, { version: 2 }, { params: '{"ids":[5]}' }))).toEqual([{ holder: newer.id }]);
    expect(site.row(newer.id)).toMatchObject({ params: '{"ids":[4,5]}', sensitive: null });
    expect(insert(unique({ onConflict: 'join' }, { version: 2 }, { params: '{"ids":[5]}' }))).toEqual(['stored']);
  });

  it('joins its list to that of one whose traits are no JSON any more', () => {
    const joining = { onConflict: 'join', join: { field: 'ids', maxBytes: 60 } } as const;
    const first = unique(joining, {}, { params: '{"ids":[1]}' });
    insert(first);
    site.run(`UPDATE tasks_task SET traits = '{"uniq'`);
    expect(insert(unique(joining, {}, { params: '{"ids":[2]}' }))).toEqual([{ holder: first.id }]);
    expect(site.row(first.id)!.params).toBe('{"ids":[1,2]}');
  });

  it('is merged once, however often it is handed over', () => {
    const joining = { onConflict: 'join', join: { field: 'ids', maxBytes: 9_000 } } as const;
    const first = unique(joining, {}, { params: '{"ids":[]}' });
    insert(first);
    const merged = (index: number): NewTask =>
      unique(joining, {}, { id: `merged ${index}`, params: `{"ids":[${index}]}`, mayExist: true });
    for (const index of [0, 1, 0, 1]) insert(merged(index));
    expect(site.row(first.id)!.params).toBe('{"ids":[0,1]}');
    const known = () => JSON.parse(site.find('SELECT merged FROM tasks_unique')[0]!.merged as string) as string[];
    expect(known()).toEqual(['merged 0', 'merged 1']);
    const again = unique(joining, {}, { params: '{"ids":[9]}' });
    insert(again, again);
    expect(site.row(first.id)!.params).toBe('{"ids":[0,1,9,9]}');
    expect(known()).toEqual(['merged 0', 'merged 1']);
    for (let index = 2; index < 203; index += 1) insert(merged(index));
    expect(known()).toHaveLength(200);
    expect(known().at(-1)).toBe('merged 202');
  });
});

describe('A call that is rejected', () => {
  const rejecting = (others: Partial<NewTask> = {}) => unique({ onConflict: 'reject' }, {}, others);

  it('stores nothing, and says who holds the key', () => {
    const first = unique();
    expect(insertAll(first)).toEqual(['stored']);
    const error = insertAll(task(), rejecting());
    expect(error).toBeInstanceOf(DuplicateTaskError);
    expect(error).toMatchObject({
      holder: first.id,
      queue: QUEUE,
      message: expect.stringContaining('Task "work"') as unknown,
    });
    expect(site.counts()).toEqual({ 'default available': 1 });
    expect(insertAll(task(), unique())).toEqual(['stored', { holder: first.id }]);
  });

  it('is one that has the same key twice', () => {
    const first = unique();
    expect(insertAll(first, rejecting())).toMatchObject({ holder: first.id });
    expect(insertAll(rejecting(), unique({ key: 'other' }), task())).toEqual(['stored', 'stored', 'stored']);
    expect(site.counts()).toEqual({ 'default available': 3 });
    const fresh = unique({ key: 'fresh', onConflict: 'reject' });
    expect(insertAll(fresh, unique())).toEqual(['stored', { holder: expect.any(String) as unknown }]);
  });

  it('is none that is handed over again', () => {
    const first = rejecting({ mayExist: true });
    expect(insertAll(first)).toEqual(['stored']);
    expect(insertAll(first)).toEqual(['existing']);
    expect(insertAll(first, first)).toEqual(['existing', 'existing']);
    expect(insertAll({ ...first, mayExist: false })).toEqual([{ holder: first.id }]);
    site.end(site.claim()[0]!, retryAt(site.now));
    const other = rejecting({ mayExist: true });
    expect(insertAll(other)).toMatchObject({ holder: first.id });
  });

  it('is one whose task is there, and does not say so', () => {
    const [first, other] = [rejecting({ mayExist: true }), rejecting({ mayExist: true })];
    insertAll(first);
    site.end(site.claim()[0]!, completed);
    insertAll(other);
    expect(insertAll(first)).toEqual(['existing']);
    expect(insertAll({ ...first, mayExist: false })).toMatchObject({ holder: other.id });
  });
});
