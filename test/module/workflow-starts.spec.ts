import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../lib/clock/index.js';
import { checkStore, repairStore } from '../../lib/engine/sqlite/backup/index.js';
import { Connection } from '../../lib/engine/sqlite/store/connection.js';
import { TaskHandler } from '../../lib/nest/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { until } from '../support/until.js';
import { bootApp, dispatcherOf, onTestEnd, tempDirectory } from './support.js';

let ran: string[] = [];

class Handlers {
  work(): object {
    ran.push('work');
    return {};
  }
}
TaskHandler('work', { maxRetries: 0 })(
  Handlers.prototype,
  'work',
  Object.getOwnPropertyDescriptor(Handlers.prototype, 'work')!,
);

const START = Date.UTC(2026, 0, 1);
/** Nodes of one that several transactions store. */
const LARGE = 202;
const TASKS = 400;
/** What each transaction of a start gives the next, and then some. */
const SILENCE_MS = 61_000;

async function boot(tasks = {}): Promise<TaskDispatcher> {
  ran = [];
  return dispatcherOf(await bootApp({ providers: [Handlers], tasks }));
}

/** One, many that wait for it, one that waits for those, and tasks that wait for nothing beside them. */
function large(tasks: TaskDispatcher): ReturnType<TaskDispatcher['workflow']> {
  const w = tasks.workflow('large', { tags: { of: 'starts' } });
  const first = w.add('default', 'work', {}, { as: 'first' });
  const many = Array.from({ length: LARGE - 3 }, () => w.add('default', 'work', {}, { after: first }));
  w.add('default', 'work', {}, { as: 'last', after: many });
  const beside = Array.from({ length: TASKS - LARGE + 1 }, () => ({}));
  w.each('default', 'work', beside, { as: 'beside' });
  return w;
}

const small = (tasks: TaskDispatcher): ReturnType<TaskDispatcher['workflow']> => {
  const w = tasks.workflow('small');
  w.add('default', 'work', {});
  return w;
};

/** The store as it was after each commit of `work`: what is left of it where the process dies then. */
async function storesAfter(work: () => Promise<unknown>): Promise<string[]> {
  const folder = tempDirectory();
  const files: string[] = [];
  const { commit } = Connection.prototype;
  const spy = vi.spyOn(Connection.prototype, 'commit').mockImplementation(function (this: Connection) {
    commit.call(this);
    const file = join(folder, `${files.length}.db`);
    writeFileSync(file, this.database.serialize());
    files.push(file);
  });
  onTestEnd(() => spy.mockRestore());
  await work();
  spy.mockRestore();
  return files;
}

describe('The start of a large workflow', () => {
  it('is there whole or not at all, after whichever commit its process dies, and what is left is cleared away', async () => {
    const tasks = await boot({ clock: new ManualClock(START), workers: false });
    const files = await storesAfter(() => large(tasks).start());
    expect(files.length).toBeGreaterThan(3);
    const whole = files.pop()!;
    for (const database of files) {
      const clock = new ManualClock(START);
      const app = await bootApp({ providers: [Handlers], tasks: { database, clock } });
      const other = dispatcherOf(app);
      expect((await other.listWorkflows()).items).toEqual([]);
      expect((await other.list({ states: ['available', 'scheduled', 'running'] })).items).toEqual([]);
      clock.advance(SILENCE_MS);
      await until('the end of all rows', async () => (await other.list()).items.length === 0, { changes: other });
      await app.close();
      await until('the workflow to be gone', async () => (await checkStore(database, { lease: 1_000 })).length === 0);
      expect(ran).toEqual([]);
    }
    const last = await boot({ database: whole, clock: new ManualClock(START) });
    const [{ id } = { id: '' }] = (await last.listWorkflows({ tags: { of: 'starts' } })).items;
    await last.workflowRun(id).result();
    expect(ran).toHaveLength(TASKS);
  });

  it('that was cut short is found by a check, and cleared away after a repair, at once', async () => {
    const tasks = await boot({ clock: new ManualClock(START), workers: false });
    const files = await storesAfter(() => large(tasks).start());
    const database = files.at(-2)!;
    const found = await checkStore(database, { lease: 1_000 });
    expect(found).toMatchObject([{ kind: 'broken-workflow', repairable: true }]);
    expect(found[0]!.message).toMatch(/^1 workflow whose start was cut short/);
    const rules = { now: START, maxLostAttempts: 5, keepFor: () => null };
    await repairStore(database, { backup: `${database}-backup`, lease: 1_000, rules });
    expect(await checkStore(database, { lease: 1_000 })).toEqual([]);
    // No time has passed.
    const other = await boot({ database, clock: new ManualClock(START) });
    await until('the end of all rows', async () => (await other.list()).items.length === 0, { changes: other });
    expect(ran).toEqual([]);
  });

  it('holds all of it until the last is stored, what is cancelled meanwhile too', async () => {
    const tasks = await boot();
    await tasks.pauseQueue('default');
    const starting = large(tasks).start();
    const first = await until('the first of its tasks', async () => (await tasks.list({ limit: 1 })).items[0], {
      changes: tasks,
    });
    await tasks.cancel(first.id);
    const run = await starting;
    const { node } = (await tasks.get(first.id)).workflow!;
    await tasks.resumeQueue('default');
    await expect(run.result()).rejects.toMatchObject({ name: 'WorkflowCancelledError' });
    const { listed, nodes } = await tasks.getWorkflow(run.id);
    expect(listed.filter(({ state }) => state === 'cancelled').map(({ name }) => name)).toContain(node);
    expect(nodes).toMatchObject({ blocked: 0, running: 0, failed: 0 });
  });
});

describe('An own id', () => {
  it('starts a workflow once, however often and by whom it is started, in one transaction or in several', async () => {
    const tasks = await boot();
    const started = async (...builds: Array<ReturnType<TaskDispatcher['workflow']>>): Promise<number> => {
      const id = `order/${builds.length}`;
      const runs = await Promise.all(builds.map((w) => w.start({ id })));
      expect(runs.map((run) => run.id)).toEqual(builds.map(() => id));
      await runs[0]!.result();
      expect((await tasks.listWorkflows()).items.filter((one) => one.id === id)).toHaveLength(1);
      return runs.filter((run) => run.started).length;
    };
    expect(await started(small(tasks), small(tasks))).toBe(1);
    expect(await started(large(tasks), large(tasks), large(tasks))).toBe(1);
    // One that is stored at once does not wait for one that takes longer.
    expect(await started(large(tasks), small(tasks), large(tasks), small(tasks))).toBe(1);
    const again = await small(tasks).start({ id: 'order/2' });
    expect(again).toMatchObject({ id: 'order/2', started: false });
    expect(await again.result()).toEqual({ work: {} });
    const batch = () => tasks.batch('default', 'work', [{}, {}], { id: 'batch' });
    expect([(await batch()).started, (await batch()).started]).toEqual([true, false]);
    await expect(small(tasks).start({ id: ' spaced' })).rejects.toThrow(/id must not begin or end with a space/);
  });

  it('is free again when the workflow is deleted', async () => {
    const clock = new ManualClock(START);
    const tasks = await boot({ clock, retention: { completed: '1h' } });
    const first = await large(tasks).start({ id: 'order' });
    await first.result();
    clock.advance(60 * 60 * 1_000);
    await until('its end', async () => (await tasks.listWorkflows()).items.length === 0, { changes: tasks });
    const second = await small(tasks).start({ id: 'order' });
    expect(second.started).toBe(true);
    await second.result();
    expect(await tasks.getWorkflow('order')).toMatchObject({ name: 'small', state: 'completed' });
  });
});

describe('tasks.listWorkflows', () => {
  it('finds workflows by their tags, together with a name and a state, a page at a time', async () => {
    const tasks = await boot();
    const start = async (name: string, tags: Record<string, string>): Promise<string> => {
      const w = tasks.workflow(name, { tags });
      w.add('default', 'work', {});
      const run = await w.start();
      await run.result();
      return run.id;
    };
    const a = await start('order', { customer: '1', shop: 'north' });
    const b = await start('order', { customer: '1', shop: 'south' });
    const c = await start('return', { customer: '1', shop: 'north' });
    await start('order', { customer: '2' });
    const ids = async (query: Parameters<TaskDispatcher['listWorkflows']>[0]): Promise<string[]> =>
      (await tasks.listWorkflows(query)).items.map(({ id }) => id);
    expect(await ids({ tags: { customer: '1' } })).toEqual([c, b, a]);
    expect(await ids({ tags: { shop: 'north', customer: '1' } })).toEqual([c, a]);
    expect(await ids({ tags: { customer: '1' }, name: 'order' })).toEqual([b, a]);
    expect(await ids({ tags: { customer: '1' }, state: 'failed' })).toEqual([]);
    expect(await ids({ tags: { customer: '3' } })).toEqual([]);
    const { items, next } = await tasks.listWorkflows({ tags: { customer: '1' }, limit: 2 });
    expect(items.map(({ id }) => id)).toEqual([c, b]);
    expect(await ids({ tags: { customer: '1' }, limit: 2, cursor: next! })).toEqual([a]);
    await expect(tasks.listWorkflows({ tags: { customer: 1 } as never })).rejects.toThrow(/tags.customer/);
  });
});
