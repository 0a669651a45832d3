import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newTask } from '../../../../test/conformance/harness.js';
import { QUEUE, QuietStore } from '../../../../test/support/quiet-store.js';
import { StoreError, type UniqueClaim } from '../../../contract/index.js';
import type { EnqueueAnswer, NewTask } from '../../port/index.js';
import { insertTasks, insertTasksWithin } from './insert-tasks.js';

let site: QuietStore;

beforeEach(async () => void (site = await QuietStore.open()));
afterEach(() => site.close());

const task = (others: Partial<NewTask> = {}): NewTask => newTask({ now: () => site.now }, others);
const insert = (...tasks: readonly NewTask[]): EnqueueAnswer[] =>
  site.write((transaction) => insertTasks(transaction, tasks, site.now));
describe('New tasks', () => {
  it('are stored with all that they have', () => {
    const one = task({
      queue: 'mail',
      name: 'send',
      params: '{"a":1}',
      priority: 3,
      runAt: site.now - 5,
      createdAt: site.now - 9,
      maxAttempts: 2,
      settings: '{"s":1}',
      sensitive: ['a'],
      parentId: 'parent',
    });
    expect(insert(one)).toEqual(['stored']);
    expect(site.row(one.id)).toMatchObject({
      queue: 'mail',
      name: 'send',
      state: 'available',
      params: '{"a":1}',
      priority: 3,
      run_at: site.now - 5,
      created_at: site.now - 9,
      max_attempts: 2,
      settings: '{"s":1}',
      sensitive: '["a"]',
      parent_id: 'parent',
      traits: null,
      beside: null,
      key: null,
    });
    expect(site.counts()).toEqual({ 'mail available': 1 });
    expect(site.last.touched.get('mail')).toEqual([one.id]);
    expect(site.last.available.has('mail')).toBe(true);
    expect(site.last.dueAt).toBe(Infinity);
  });

  it('wait for their time, which is noted', () => {
    const [later, now] = [task({ runAt: site.now + 1 }), task({ runAt: site.now })];
    insert(later, now);
    expect(site.states([later.id, now.id])).toEqual(['scheduled', 'available']);
    expect(site.last.dueAt).toBe(site.now + 1);
    expect(site.counts()).toEqual({ 'default scheduled': 1, 'default available': 1 });
  });

  it.each([1, 2, 9, 10, 11, 49, 50, 51, 64, 105])('are stored in their order, many together: %i', (many) => {
    const all = Array.from({ length: many }, (_, index) => task({ params: `{"n":${index}}` }));
    expect(insert(...all)).toEqual(all.map(() => 'stored'));
    expect(site.find('SELECT id, params FROM tasks_task ORDER BY seq')).toEqual(
      all.map(({ id, params }) => ({ id, params })),
    );
    expect(site.counts()).toEqual({ 'default available': many });
  });

  it.each<Partial<NewTask>>([
    { queue: 'other' },
    { name: 'other' },
    { priority: 1 },
    { maxAttempts: 9 },
    { runAt: 5 },
    { createdAt: 5 },
    { settings: '{}' },
    { parentId: 'other' },
    { sensitive: ['a'] },
    { traits: { tags: { a: 'b' } } },
  ])('are not taken for alike that differ in %o', (others) => {
    const again = ({ id: _, ...kind }: NewTask): NewTask => task(kind);
    const kinds = [task(), task(others)];
    const [one, other] = kinds.map((kind) => Array.from({ length: 11 }, () => again(kind))) as [NewTask[], NewTask[]];
    const all = [...one, ...other, ...one.flatMap((each, index) => [each, other[index]!]).map(again)];
    insert(...all);
    const property = Object.keys(others)[0] as keyof NewTask;
    const column = property.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    for (const each of all) {
      const value = each[property] ?? null;
      const json = (value as readonly unknown[] | null)?.length === 0 ? null : JSON.stringify(value);
      expect(site.row(each.id)![column]).toEqual(typeof value === 'object' && value ? json : value);
    }
  });

  it('that have more than the others go beside many that do not', () => {
    const traits = { tags: { a: 'b' } };
    insert(task({ traits }), ...Array.from({ length: 12 }, () => task()));
    expect(site.counts()).toEqual({ 'default available': 13 });
    expect(site.find('SELECT 1 FROM tasks_task WHERE traits IS NOT NULL')).toHaveLength(1);
  });

  it('are alike that hide the same, whose list is one', () => {
    const sensitive = ['a'];
    const all = Array.from({ length: 11 }, () => task({ sensitive }));
    const others = Array.from({ length: 11 }, (_, index) => task({ sensitive: [index > 0 ? 'b' : 'c'] }));
    insert(...all, ...others, ...Array.from({ length: 11 }, () => task()));
    expect(site.find('SELECT sensitive, count(*) AS count FROM tasks_task GROUP BY 1 ORDER BY 1')).toEqual([
      { sensitive: null, count: 11 },
      { sensitive: '["a"]', count: 11 },
      { sensitive: '["b"]', count: 10 },
      { sensitive: '["c"]', count: 1 },
    ]);
  });

  it('are left as they are where they are there', () => {
    const all = Array.from({ length: 12 }, () => task());
    insert(all[0]!, all[3]!);
    site.claim();
    expect(insert(...all)).toEqual(all.map((_, index) => (index === 0 || index === 3 ? 'existing' : 'stored')));
    expect(site.row(all[0]!.id)!.state).toBe('running');
    expect(insert(...all)).toEqual(all.map(() => 'existing'));
    expect(site.last.touched.size).toBe(0);
    const twice = task();
    const others = Array.from({ length: 8 }, () => task());
    expect(insert(twice, twice, ...others)).toEqual(['stored', 'existing', ...others.map(() => 'stored')]);
    const special = task({ traits: { tags: { a: 'b' } } });
    expect(insert(special, special)).toEqual(['stored', 'existing']);
    expect(site.find('SELECT * FROM tasks_tag')).toHaveLength(1);
  });

  it('have beside them what they are looked up by', () => {
    const own = task({ id: 'own', createdAt: site.now });
    const traits = { tags: { a: 'b', c: 'd' }, startBy: site.now + 9, deadlineAt: site.now + 20 };
    const [tagged, plain] = [task({ traits }), task({ traits: { version: 2 } })];
    insert(own, tagged, plain);
    expect(site.row(tagged.id)).toMatchObject({ traits: JSON.stringify(traits), beside: 1, state: 'available' });
    expect(site.row(plain.id)).toMatchObject({ traits: '{"version":2}', beside: null });
    expect(site.find('SELECT name, value, task FROM tasks_tag ORDER BY name')).toEqual([
      { name: 'a', value: 'b', task: site.seq(tagged.id) },
      { name: 'c', value: 'd', task: site.seq(tagged.id) },
    ]);
    expect(site.find('SELECT * FROM tasks_lapse')).toEqual([{ task: site.seq(tagged.id), at: site.now + 9 }]);
    expect(site.last.lapseAt).toBe(site.now + 9);
    expect(site.find('SELECT task FROM tasks_own_id')).toEqual([{ task: site.seq('own') }]);
  });

  it('with a key are held until it has a slot', () => {
    const traits = { key: 'a' };
    site.limit(QUEUE, { keyConcurrency: 1 });
    const all = [task({ traits }), task({ traits }), task({ traits, runAt: site.now + 5 })];
    insert(...all);
    expect(site.states(all.map(({ id }) => id))).toEqual(['available', 'held', 'scheduled']);
    expect(site.row(all[0]!.id)!.key).toBe('a');
    expect(site.counts()).toEqual({ 'default available': 1, 'default held': 1, 'default scheduled': 1 });
  });
});

describe("New tasks in an app's transaction", () => {
  let app: QuietStore;

  beforeEach(async () => void (app = await QuietStore.openFile()));
  afterEach(() => app.close());

  const within = (...tasks: readonly NewTask[]) =>
    app.runWithin((manager) => insertTasksWithin(manager, tasks, app.now));
  const made = (others: Partial<NewTask> = {}): NewTask => newTask(app.clock, others);
  const counts = () => app.find('SELECT queue, state, count FROM tasks_count WHERE count <> 0 ORDER BY 1, 2');

  it('are stored, counted, and told what became of each', async () => {
    const all = Array.from({ length: 12 }, () => made());
    const [later, tagged] = [
      made({ runAt: app.now + 9 }),
      made({ traits: { tags: { a: 'b' }, startBy: app.now + 5 } }),
    ];
    expect(await within(all[3]!)).toEqual(['stored']);
    expect(await within(...all, later, tagged, tagged)).toEqual([
      ...all.map((_, index) => (index === 3 ? 'existing' : 'stored')),
      'stored',
      'stored',
      'existing',
    ]);
    expect(await within(all[0]!)).toEqual(['existing']);
    expect(app.find('SELECT name FROM tasks_tag')).toEqual([{ name: 'a' }]);
    expect(app.find('SELECT at FROM tasks_lapse')).toEqual([{ at: app.now + 5 }]);
    expect(counts()).toEqual([
      { queue: 'default', state: 'available', count: 13 },
      { queue: 'default', state: 'scheduled', count: 1 },
    ]);
  });

  it('have their slots, and their keys alone', async () => {
    app.run(`INSERT INTO tasks_queue (name, flow) VALUES ('default', '{"keyConcurrency":1}')`);
    const claim: UniqueClaim = { key: 'k', until: 'ended', onConflict: 'keep' };
    const [first, second] = [made({ traits: { key: 'a' } }), made({ traits: { key: 'a' } })];
    const [alone, other] = [made({ traits: { unique: claim, key: 'b' } }), made({ traits: { unique: claim } })];
    expect(await within(first, second, alone, other)).toEqual(['stored', 'stored', 'stored', { holder: alone.id }]);
    expect([first, second, alone].map(({ id }) => app.row(id)!.state)).toEqual(['available', 'held', 'available']);
    expect(counts()).toEqual([
      { queue: 'default', state: 'available', count: 2 },
      { queue: 'default', state: 'held', count: 1 },
    ]);
    const rejected = within(made(), made({ traits: { unique: { ...claim, onConflict: 'reject' } } }));
    await expect(rejected).rejects.toMatchObject({ name: 'DuplicateTaskError', holder: alone.id });
    expect(counts()).toHaveLength(2);
  });

  it('fail without what they were given', async () => {
    const error: unknown = await within(made({ params: '{"secret":1}', priority: {} as number })).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(StoreError);
    expect((error as Error).message).toContain('was not stored in the given transaction');
    expect(JSON.stringify(error)).not.toContain('secret');
    expect((error as Error).cause).not.toHaveProperty('parameters');
  });
});
