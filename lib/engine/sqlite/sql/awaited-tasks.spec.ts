import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, failed, retryAt } from '../../../../test/conformance/harness.js';
import { QUEUE, QuietStore } from '../../../../test/support/quiet-store.js';
import { readAwaited } from './awaited-tasks.js';

let site: QuietStore;

beforeEach(async () => void (site = await QuietStore.open()));
afterEach(() => site.closeAsIs());

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
    const [done] = site.add({});
    site.end(site.claim()[0]!, retryAt(site.now));
    site.end(site.claim()[0]!, completed);
    expect(readAwaited(site.database, [done!]).tasks[0]!.error).toBeNull();
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
