import 'reflect-metadata';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { checkStore, repairStore } from '../../lib/engine/sqlite/backup/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { until } from '../support/until.js';
import { bootApp, dispatcherOf, tempDirectory } from '../module/support.js';

let ran: string[] = [];

class Handlers {
  work({ n }: { n: string }): string {
    ran.push(n);
    return n;
  }
}
TaskHandler('work', { maxRetries: 0 })(
  Handlers.prototype,
  'work',
  Object.getOwnPropertyDescriptor(Handlers.prototype, 'work')!,
);

const LEASE = 1_000;

describe('The check of a store with workflows', () => {
  /** A file with a workflow of which the first node has run, and the others wait: nobody works on their queue. */
  async function store(): Promise<{ database: string; id: string }> {
    ran = [];
    const database = join(tempDirectory(), 'tasks.db');
    const app = await bootApp({
      providers: [Handlers],
      tasks: { database, thread: false, workers: { default: 1, later: 0 } },
    });
    const tasks = dispatcherOf(app);
    const w = tasks.workflow('order', { tags: { order: '7' } });
    const first = w.add('default', 'work', { n: 'first' }, { as: 'first' });
    const many = w.each('later', 'work', [{ n: 'a' }, { n: 'b' }], { as: 'many', after: first });
    w.add('later', 'work', { n: 'last' }, { as: 'last', after: many });
    const { id } = await w.start();
    await until(
      'what waits for the first',
      async () => {
        const { nodes } = await tasks.getWorkflow(id);
        return nodes.completed === 1 && nodes.running === 1;
      },
      { changes: tasks },
    );
    await app.close();
    expect(await checkStore(database, { lease: LEASE })).toEqual([]);
    return { database, id };
  }

  function tamper(file: string, sql: string): void {
    const database = new Database(file);
    database.exec(sql);
    database.close();
  }

  async function messages(database: string): Promise<string[]> {
    const found = await checkStore(database, { lease: LEASE });
    expect(found.every(({ kind, repairable }) => kind === 'broken-workflow' && repairable)).toBe(true);
    return found.map(({ message }) => message);
  }

  async function repaired(database: string): Promise<TaskDispatcher> {
    const rules = { now: Date.now(), maxLostAttempts: 5, keepFor: () => null };
    await repairStore(database, { backup: `${database}-backup`, lease: LEASE, rules });
    expect(await checkStore(database, { lease: LEASE })).toEqual([]);
    const app = await bootApp({ providers: [Handlers], tasks: { database, workers: { default: 1, later: 1 } } });
    return dispatcherOf(app);
  }

  it.each([
    [
      'counters that are not what the rows say',
      `UPDATE tasks_node SET open = 5, failed = 1 WHERE name = 'many'; UPDATE tasks_node SET waits = 2 WHERE name = 'last'`,
      /^2 nodes of workflows whose counters are not what/,
    ],
    [
      'a task that has ended and that nobody has counted, nor would',
      `UPDATE tasks_node_task SET counted = NULL WHERE name = 'first';
       UPDATE tasks_node SET open = 1 WHERE name = 'first'; UPDATE tasks_workflow SET ended = 0`,
      /^1 task of workflows whose end nobody has counted/,
    ],
    [
      'a workflow that counts what there is not',
      `UPDATE tasks_workflow SET blocked = 5, tasks = 9`,
      /^1 workflow whose counters are not what/,
    ],
    [
      'a node that would have run, had its counter been right',
      `UPDATE tasks_task SET state = 'blocked' WHERE queue = 'later';
       UPDATE tasks_node SET state = 'blocked', waits = 3 WHERE name = 'many';
       UPDATE tasks_workflow SET blocked = 2, running = 0;
       DELETE FROM tasks_count WHERE queue = 'later'; INSERT INTO tasks_count (queue, state, count) VALUES ('later', 'blocked', 3)`,
      /^1 node of workflows whose counters are not what/,
    ],
  ])('finds %s, and after the repair it runs to its end', async (_what, sql, message) => {
    const { database, id } = await store();
    tamper(database, sql);
    expect(await messages(database)).toEqual([expect.stringMatching(message)]);
    const tasks = await repaired(database);
    expect((await tasks.listWorkflows({ tags: { order: '7' } })).items).toHaveLength(1);
    expect(await tasks.workflowRun(id).result()).toEqual({ last: 'last' });
    expect(ran.toSorted()).toEqual(['a', 'b', 'first', 'last']);
  });

  it('finds what hangs loose of a workflow that there is not, and takes it away', async () => {
    const { database } = await store();
    tamper(database, `DELETE FROM tasks_workflow; DELETE FROM tasks_node_task WHERE name = 'last'`);
    const found = await messages(database);
    expect(found).toEqual([
      expect.stringMatching(/^tasks_node has 3 rows of workflows that there are not/),
      expect.stringMatching(/^tasks_workflow_tag has 1 row of workflows that there are not/),
      expect.stringMatching(/^1 blocked task of no node/),
    ]);
    const tasks = await repaired(database);
    const { items } = await tasks.list({ queue: 'later' });
    expect(items.map(({ state }) => state)).not.toContain('blocked');
    const left = new Database(database, { readonly: true });
    for (const table of ['tasks_node', 'tasks_edge', 'tasks_node_task', 'tasks_node_work', 'tasks_workflow_tag']) {
      expect(left.prepare(`SELECT count(*) FROM ${table}`).pluck().get(), table).toBe(0);
    }
    left.close();
  });
});
