import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failed, MINUTE, retryAt, START } from '../../../../test/conformance/harness.js';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import { park } from './parked-tasks.js';
import { saveSensitivePaths } from './name-rows.js';
import { readSummaries, readSummary, readTask } from './read-tasks.js';
import { readWithin } from './read-within.js';
import { saveReports } from './save-reports.js';
import { setFlow } from './set-flow.js';

describe('A task that is read', () => {
  let site: QuietStore;

  beforeEach(async () => void (site = await QuietStore.open()));
  afterEach(() => site.close());

  const mask = (params: unknown, paths: readonly string[]) => ({ of: params, paths });
  const read = (id: string) => readTask(site.database, id, mask, site.now);

  it('is all that its row says, and no more of a plain one', () => {
    const [task] = site.store({ priority: 3, maxAttempts: null });
    const summary = {
      id: task!.id,
      queue: 'default',
      name: 'work',
      state: 'available',
      params: {},
      priority: 3,
      attempt: 0,
      maxAttempts: null,
      runAt: START,
      createdAt: START,
      startedAt: null,
      finishedAt: null,
      progress: null,
      error: null,
    };
    expect(read(task!.id)).toEqual({ ...summary, attempts: [], logs: [], parentId: null, children: [] });
    expect(readSummary(site.database, 1, mask)).toEqual({ task: summary, size: 2 });
    expect(readSummary(site.database, 2, mask)).toBeNull();
    expect(read('none')).toBeNull();
    const [other] = site.store({});
    const ids = [other!.id, 'none', task!.id];
    expect(readSummaries(site.database, ids, mask).map(({ id }) => id)).toEqual([other!.id, task!.id]);
  });

  it('has its attempts, the one that runs as well, and the last error', () => {
    const [task] = site.store({});
    const [first] = site.claim();
    site.clock.advance(1);
    site.end(first!, { ...retryAt(START + 1, false), error: { name: 'E', message: 'm', stack: 's' } } as never);
    const [second] = site.claim({}, { worker: 'two' });
    site.end(second!, retryAt(START + 1));
    const ended = [
      { attempt: 1, worker: 'one', startedAt: START + 1, finishedAt: START + 1, outcome: 'snoozed' },
      { attempt: 2, worker: 'two', startedAt: START + 1, finishedAt: START + 1, outcome: 'retried' },
    ];
    const errors = [
      { name: 'E', message: 'm', stack: 's' },
      { name: 'Error', message: 'not yet' },
    ];
    const withErrors = ended.map((attempt, index) => ({ ...attempt, error: errors[index] }));
    expect(read(task!.id)).toMatchObject({ attempts: withErrors, error: errors[1], maxAttempts: 5 });
    expect(readSummary(site.database, 1, mask)).toMatchObject({ task: { error: errors[1] } });
    const [third] = site.claim({}, { worker: 'three' });
    site.write((transaction) => saveReports(transaction, third!, { percent: 5 }, [{ at: START, message: 'a' }]));
    site.write((transaction) => saveReports(transaction, third!, null, [{ at: START + 1, message: 'b' }]));
    const running = { attempt: 3, worker: 'three', startedAt: START + 1, finishedAt: null, outcome: null };
    expect(read(task!.id)).toMatchObject({
      attempts: [...withErrors, running],
      logs: [
        { attempt: 3, at: START, message: 'a' },
        { attempt: 3, at: START + 1, message: 'b' },
      ],
      progress: { percent: 5 },
      startedAt: START + 1,
    });
    site.end(third!, { kind: 'completed', maxAttempts: 4, keepFor: null });
    const { attempts, error } = read(task!.id)!;
    expect(attempts[2]).toEqual({ ...running, finishedAt: START + 1, outcome: 'completed' });
    expect(error).toEqual(errors[1]);
  });

  it('has an error without a message or a stack where none is stored', () => {
    const [task] = site.store({});
    const [claimed] = site.claim();
    site.end(claimed!, failed());
    site.run('UPDATE tasks_attempt SET error_message = NULL, error_stack = NULL');
    expect(read(task!.id)!.error).toEqual({ name: 'Error', message: '' });
  });

  it('has no params that are never shown, by itself or by its name', () => {
    const [plain, own] = site.store({ params: '{"a":1}' }, { params: '{"a":1}', sensitive: ['a'] });
    expect(read(plain!.id)!.params).toEqual({ a: 1 });
    expect(read(own!.id)!.params).toEqual({ of: { a: 1 }, paths: ['a'] });
    site.write((transaction) => saveSensitivePaths(transaction, 'work', ['b']));
    expect(read(plain!.id)!.params).toEqual({ of: { a: 1 }, paths: ['b'] });
    expect(readSummary(site.database, 2, mask)!.task.params).toEqual({ of: { a: 1 }, paths: ['a', 'b'] });
  });

  it('has the tasks that it has enqueued, and a result once it has completed', () => {
    const [parent] = site.store({});
    const [claimed] = site.claim();
    const { id } = parent!;
    const [one, two] = site.store({ parentId: id, name: 'a' }, { parentId: id, traits: { tags: { a: '1' } } });
    const child = { queue: 'default', name: 'work', state: 'available' };
    const children = [
      { ...child, id: one!.id, name: 'a' },
      { ...child, id: two!.id, tags: { a: '1' } },
    ];
    expect(read(id)!.children).toEqual(children);
    expect(read(one!.id)).toMatchObject({ parentId: id, children: [] });
    const result = { json: '{"b":2}', sensitive: ['b'], keepFor: null };
    site.end(claimed!, { kind: 'completed', maxAttempts: 4, keepFor: null, result });
    expect(read(id)!.result).toEqual({ of: { b: 2 }, paths: ['b'] });
    site.run(`UPDATE tasks_task SET state = 'available', finished_at = NULL WHERE id = ?`, id);
    site.run('DELETE FROM tasks_count');
    site.run(`INSERT INTO tasks_count (queue, state, count) VALUES ('default', 'available', 3)`);
    expect(read(id)).not.toHaveProperty('result');
  });

  it('tells why it waits: what holds it, what it is parked for, and whom it waits for', () => {
    site.write((transaction) => setFlow(transaction, 'default', { keyConcurrency: 1 }));
    const [first, held] = site.store({ traits: { key: 'a' } }, { traits: { key: 'a' } });
    expect(read(held!.id)!.hold).toEqual({ key: 'a', concurrency: 1, holders: [first!.id], ahead: 0 });
    expect(read(first!.id)).not.toHaveProperty('hold');
    site.write((transaction) => setFlow(transaction, 'default', { keyConcurrency: null }));
    expect(read(held!.id)).not.toHaveProperty('hold');
    const [parked] = site.store({});
    site.write((transaction) => park(transaction, 'limit:a', 3));
    expect(read(parked!.id)!.block).toEqual({ by: 'limit', limit: 'a' });
    expect(read(first!.id)).not.toHaveProperty('block');
    site.run(`UPDATE tasks_task SET unhandled_since = ? WHERE id = ?`, START, parked!.id);
    expect(read(parked!.id)!.unhandledSince).toBe(START);
    expect(read(first!.id)).not.toHaveProperty('unhandledSince');
    site.run(`UPDATE tasks_task SET finished_at = ? WHERE id = ?`, START, parked!.id);
    expect(read(parked!.id)).not.toHaveProperty('unhandledSince');
    // What another state has left behind says nothing.
    site.run(`UPDATE tasks_task SET state = 'scheduled' WHERE id = ?`, parked!.id);
    expect(read(parked!.id)).not.toHaveProperty('block');
    site.run(`UPDATE tasks_task SET state = 'available' WHERE id = ?`, parked!.id);
  });

  it('tells of its traits, and of a deadline that came while it waited', () => {
    const traits = { tags: { a: '1' }, deadlineAt: START + MINUTE, reason: 'deadline' as const };
    const [task] = site.store({ traits });
    expect(read(task!.id)).toMatchObject({ ...traits, error: { name: 'DeadlineError' } });
  });

  it('is what the transaction of an app sees', async () => {
    await site.close();
    site = await QuietStore.openFile();
    const [task] = site.store({});
    const found = await site.runWithin(async (manager) => {
      await manager.query(`UPDATE tasks_task SET priority = 7 WHERE id = '${task!.id}'`);
      return readWithin(manager, [{ id: 'none' }, task!], mask, site.now);
    });
    expect(found).toEqual([null, expect.objectContaining({ id: task!.id, priority: 7 })]);
    const broken = site.runWithin(async (manager) => {
      await manager.query(`UPDATE tasks_task SET progress = '{'`);
      return readWithin(manager, [task!], mask, site.now);
    });
    await expect(broken).rejects.toThrow('The task was not read in the given transaction');
  });
});
