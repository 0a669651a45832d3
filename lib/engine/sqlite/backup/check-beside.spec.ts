import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, contextWith, newTask, START } from '../../../../test/conformance/harness.js';
import { until } from '../../../../test/support/until.js';
import { ManualClock } from '../../../clock/index.js';
import type { TaskTags } from '../../../contract/index.js';
import { sqliteEngine } from '../sqlite-engine.js';
import { checkStore } from './check-store.js';
import { repairStore } from './repair-store.js';

const OPTIONS = { synchronous: 'normal', lease: 10_000, maxLostAttempts: 5 } as const;
const CONSUME = { concurrency: 2, priority: 0, rateLimit: null };
const LATER = { runAt: START + 3_600_000 };
const ODD: TaskTags = { 'a "name" \\ of [1].x': 'a "value" \\', customer: '42', __proto__x: 'é😀' };

describe('the check of what few tasks have', () => {
  const clock = new ManualClock(START);
  let folder: string;
  let file: string;
  let engine: ReturnType<typeof sqliteEngine>;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nestjs-tasks-'));
    file = join(folder, 'tasks.db');
    engine = sqliteEngine({ ...OPTIONS, database: file }, contextWith(clock));
    await engine.open();
  });
  afterEach(async () => {
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const check = async () => (await checkStore(file, { lease: 10_000 })).map(({ kind, message }) => [kind, message]);
  const repair = () => {
    const rules = { now: START, maxLost: 5, retentionFor: () => null, keepFor: () => null };
    return repairStore(file, { backup: join(folder, 'backup.db'), lease: 10_000, rules: rules as never });
  };
  const tamper = (sql: string): void => {
    const database = new Database(file);
    database.exec(sql);
    database.close();
  };
  const found = async (tags: TaskTags): Promise<string[]> =>
    (await engine.inspecting.list({ tags }, { limit: 10 })).items.map(({ id }) => id);

  it('finds nothing wrong with tags, ids and times as they are stored, and as they are left by what is deleted', async () => {
    const tasks = [
      newTask(clock, { ...LATER, traits: { tags: ODD } }),
      newTask(clock, { ...LATER, id: 'an own one', traits: { tags: { customer: '42' }, deadlineAt: START + 60_000 } }),
      newTask(clock, { ...LATER, traits: { startBy: START + 4_000_000 } }),
      newTask(clock, { ...LATER, id: 'another' }),
      newTask(clock, LATER),
    ];
    await engine.enqueueing.enqueue(tasks);
    expect(await check()).toEqual([]);
    expect(await found(ODD)).toEqual([tasks[0]!.id]);
    await engine.acting.act('delete', { ids: tasks.map(({ id }) => id) });
    expect(await check()).toEqual([]);
    const database = new Database(file);
    for (const table of ['tasks_tag', 'tasks_own_id', 'tasks_lapse']) {
      expect(database.prepare(`SELECT count(*) FROM ${table}`).pluck().get(), table).toBe(0);
    }
    database.close();
  });

  it('finds what was changed behind its back, and repairs it by what the tasks say', async () => {
    const [kept, emptied, broken, own, marked] = [
      newTask(clock, { ...LATER, traits: { tags: ODD } }),
      newTask(clock, { ...LATER, traits: { tags: { customer: '43' } } }),
      newTask(clock, { ...LATER, traits: { tags: { customer: '44' }, startBy: START + 4_000_000 } }),
      newTask(clock, { ...LATER, id: 'an own one' }),
      newTask(clock, { ...LATER, traits: { tags: { customer: '45' } } }),
    ];
    await engine.enqueueing.enqueue([kept, emptied, broken, own, marked]);
    tamper(`
      DELETE FROM tasks_tag WHERE name = 'a "name" \\ of [1].x';
      INSERT INTO tasks_tag SELECT 'customer', '99', seq FROM tasks_task WHERE id = '${kept.id}';
      UPDATE tasks_task SET traits = NULL WHERE id = '${emptied.id}';
      UPDATE tasks_task SET traits = '{"tags":{' WHERE id = '${broken.id}';
      UPDATE tasks_task SET beside = NULL WHERE id = '${marked.id}';
      DELETE FROM tasks_own_id;
      INSERT INTO tasks_tag VALUES ('customer', '1', 999);
      INSERT INTO tasks_lapse (task, at) VALUES (998, 1);
      INSERT INTO tasks_own_id VALUES (1, 997);`);
    // Neither a list nor a page of a task stops at the one that cannot be read.
    expect((await engine.inspecting.list({}, { limit: 10 })).items).toHaveLength(5);
    expect((await engine.inspecting.get(broken.id))!.tags).toBeUndefined();

    expect(await check()).toEqual([
      ['stray-rows', expect.stringContaining('tasks_tag has 1 row of tasks that there are not')],
      ['stray-rows', expect.stringContaining('tasks_own_id has 1 row')],
      ['stray-rows', expect.stringContaining('tasks_lapse has 1 row')],
      ['unmarked-task', expect.stringContaining('1 task with rows in other tables')],
      ['broken-traits', expect.stringContaining('1 task whose tags, times and version')],
      ['wrong-tags', expect.stringContaining('3 tags that a task has')],
      ['unlisted-time', expect.stringContaining('1 task whose ids do not tell')],
    ]);
    await repair();
    expect(await check()).toEqual([]);
    expect(await found(ODD)).toEqual([kept.id]);
    expect(await found({ customer: '99' })).toEqual([]);
    expect(await found({ customer: '43' })).toEqual([]);
    expect(await found({ customer: '44' })).toEqual([broken.id]);
    expect((await engine.inspecting.get(broken.id))!).toMatchObject({ tags: { customer: '44' } });
    const { items } = await engine.inspecting.list({ from: START, to: START + 1 }, { limit: 10 });
    expect(items).toHaveLength(5);
    await engine.acting.act('delete', { filter: { from: START } });
    expect(await check()).toEqual([]);
  });

  it('finds keys of tasks that are gone, and tasks that lack theirs, and puts both right', async () => {
    const unique = { key: 'a', until: 'ended', onConflict: 'keep' } as const;
    const [one, other] = ['one', 'other'].map((name) => newTask(clock, { ...LATER, name, traits: { unique } }));
    await engine.enqueueing.enqueue([one!, other!]);
    expect(await check()).toEqual([]);
    tamper(`PRAGMA foreign_keys = OFF; DROP TRIGGER tasks_task_beside;
            DELETE FROM tasks_task WHERE name = 'one'; UPDATE tasks_count SET count = 1;
            DELETE FROM tasks_unique WHERE task IN (SELECT seq FROM tasks_task)`);
    expect((await check()).map(([kind]) => kind)).toEqual(['stray-rows', 'missing-key']);
    await repair();
    expect(await check()).toEqual([]);
    const again = newTask(clock, { ...LATER, name: 'other', traits: { unique } });
    expect(await engine.enqueueing.enqueue([again])).toEqual([{ holder: other!.id }]);
    const fresh = newTask(clock, { ...LATER, name: 'one', traits: { unique } });
    expect(await engine.enqueueing.enqueue([fresh])).toEqual(['stored']);
  });

  it('finds what keeps tasks from starting and is gone, or lets too many wait, and repairs it', async () => {
    const limited = { keyConcurrency: 1, keyRateLimit: { max: 1, per: 60_000 } };
    await engine.keying!.setFlow('imports', limited);
    await engine.limiting!.pause({ name: 'mail' });
    const consumer = await engine.delivering.consume('imports', CONSUME, () => Promise.resolve(completed));
    const keyed = ['a', 'a', 'a'].map((key) => newTask(clock, { queue: 'imports', traits: { key } }));
    const [paused, alone] = [newTask(clock, { queue: 'imports', name: 'mail' }), newTask(clock, { queue: 'other' })];
    await engine.enqueueing.enqueue([...keyed, paused, alone]);
    const task = (id: string) => engine.inspecting.get(id);
    await until('one to be parked', async () => (await task(keyed[1]!.id))!.block !== undefined);
    await until('the other to be parked', async () => (await task(paused.id))!.block !== undefined);
    await consumer.close(0);
    expect(await check()).toEqual([]);

    tamper(`
      DELETE FROM tasks_pause;
      INSERT INTO tasks_pause VALUES ('{"name":', 1), ('{"queue":"imports"}', 1);
      UPDATE tasks_key_limit SET waits = 0;
      UPDATE tasks_task SET parked = 'pause:{"name":"gone"}' WHERE queue = 'other';
      UPDATE tasks_task SET state = 'held', parked = NULL WHERE queue = 'imports' AND state = 'available' AND key = 'a';
      INSERT INTO tasks_start VALUES ('queue:other', ${START}, (SELECT max(seq) FROM tasks_task), 1, 'gone', 1);
    `);
    const faults = (await check()).filter(([kind]) => kind !== 'wrong-counter');
    expect(faults.map(([kind, message]) => [kind, /\d+/.exec(message!)![0]])).toEqual([
      ['idle-held', '2'],
      ['forgotten-task', '1'],
      ['forgotten-task', '1'],
      ['stray-places', '1'],
      ['broken-pause', '2'],
    ]);
    await repair();
    expect(await check()).toEqual([]);
    for (const id of [paused.id, alone.id]) expect(await task(id)).not.toHaveProperty('block');
    expect((await task(keyed[1]!.id))!.state).toBe('available');
    expect(await engine.limiting!.pauses()).toEqual([]);
  });
});
