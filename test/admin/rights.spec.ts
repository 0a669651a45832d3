import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AdminAbout, AdminAction } from '../../lib/config/index.js';
import { until } from '../support/until.js';
import { ADAPTERS, AdminApp } from './support/admin-app.js';

type Items = ReadonlyArray<Record<string, unknown>>;

/** Who asks, by a header, as a guard would find out. */
const as = (team: string): RequestInit => ({ headers: { 'x-team': team } });
const SALES = as('sales');
const OPS = as('ops');
const READERS = as('readers');

/** Each team sees its queue and acts there; `readers` see the sales and do nothing; `ops` may do everything. */
function can(request: object, action: AdminAction, { queue, name }: AdminAbout): boolean {
  const headers = (request as { headers: Record<string, string> }).headers;
  const team = headers['x-team'];
  if (team === 'ops') return true;
  if (name === 'reject') return false;
  if (team === 'readers') return action === 'see' && queue === 'sales';
  return queue === team;
}

describe.each(ADAPTERS)('admin.can on %s', (adapter) => {
  let app: AdminApp;
  let sold: string;
  let hired: string;
  let failed: string;
  let hidden: string;

  beforeEach(async () => {
    app = await AdminApp.start({ adapter, tasks: { workers: { sales: 2, people: 2, idle: 0 }, admin: { can } } });
    const { dispatcher } = app;
    sold = (await dispatcher.queue('sales', 'greet', { to: 'sold' })).id;
    hired = (await dispatcher.queue('people', 'greet', { to: 'hired' })).id;
    failed = (await dispatcher.queue('sales', 'break', {})).id;
    hidden = (await dispatcher.queue('sales', 'reject', { order: 1 })).id;
    await app.reached((await dispatcher.queue('people', 'break', {})).id, 'failed');
    for (const id of [failed, hidden]) await app.reached(id, 'failed');
    for (const id of [sold, hired]) await app.reached(id, 'completed');
  });
  afterEach(() => app.stop());

  const items = async (path: string, init: RequestInit): Promise<Items> => {
    const { body } = await app.get(path, init);
    return Array.isArray(body) ? body : (body as { items: Items }).items;
  };

  it('lists what may be seen', async () => {
    const ids = async (init: RequestInit): Promise<unknown[]> => (await items('tasks', init)).map(({ id }) => id);
    expect(await ids(SALES)).toEqual([failed, sold]);
    expect(await ids(READERS)).toEqual([failed, sold]);
    expect(await ids(as('nobody'))).toEqual([]);
    expect(await ids(OPS)).toHaveLength(5);
    // A page of which nothing may be seen is not the end.
    const page = (await app.get('tasks?limit=1', SALES)).body as { items: Items };
    expect(page.items.map(({ id }) => id)).toEqual([failed]);
    expect((await items('queues', SALES)).map(({ queue }) => queue)).toEqual(['sales']);
    expect(await items(`tasks?search=${hired}`, SALES)).toEqual([]);
  });

  it('tells nothing of a task that may not be seen', async () => {
    expect(await app.get(`tasks/${sold}`, SALES)).toMatchObject({ status: 200 });
    for (const id of [hired, hidden]) {
      expect(await app.get(`tasks/${id}`, SALES)).toMatchObject({ status: 404, body: { code: 'task_not_found' } });
      expect(await app.post(`tasks/${id}/retry`, undefined, SALES)).toMatchObject({ status: 404 });
      expect(await app.delete(`tasks/${id}`, SALES)).toMatchObject({ status: 404 });
    }
    expect((await app.dispatcher.get(hired)).state).toBe('completed');
  });

  it('counts what may be seen, in errors, figures and problems', async () => {
    const counted = async (init: RequestInit): Promise<unknown> =>
      (await items('errors', init)).map(({ name, count, queues }) => [name, count, queues]);
    expect(await counted(SALES)).toEqual([['break', 1, ['sales']]]);
    expect(await counted(OPS)).toEqual(
      expect.arrayContaining([
        ['break', 2, ['people', 'sales']],
        ['reject', 1, ['sales']],
      ]),
    );
    const failures = async (path: string, init: RequestInit): Promise<number> => {
      const { body } = await app.get(path, init);
      return (body as { points: Array<{ failed: number }> }).points.reduce((sum, point) => sum + point.failed, 0);
    };
    expect(await failures('metrics', SALES)).toBe(1);
    expect(await failures('metrics', OPS)).toBe(3);
    expect(await failures('metrics?by=name', SALES)).toBe(1);
    expect(await app.get('metrics?queue=people', SALES)).toMatchObject({ status: 403, body: { code: 'not_allowed' } });
    await app.dispatcher.queue('idle', 'greet', {});
    expect((await items('problems', SALES)).map(({ queue }) => queue)).not.toContain('idle');
    expect((await items('problems', OPS)).map(({ queue }) => queue)).toContain('idle');
  });

  it('names of processes, crons, handlers and the record what may be seen', async () => {
    const [worker] = await items('workers', SALES);
    expect(worker!.queues).toEqual({ sales: 2 });
    expect(await items('crons', SALES)).toEqual([]);
    expect(await items('crons', OPS)).toHaveLength(1);
    expect(await app.post('crons/nightly/trigger', undefined, SALES)).toMatchObject({ status: 403 });
    expect(await app.post('crons/nightly/pause', undefined, SALES)).toMatchObject({ status: 403 });
    expect((await items('handlers', SALES)).map(({ name }) => name)).not.toContain('nightly');
    expect(await app.get('audit', SALES)).toMatchObject({ status: 403, body: { code: 'not_allowed' } });
    expect(await app.get('audit', OPS)).toMatchObject({ status: 200 });
  });

  it('acts where it is allowed', async () => {
    const refused = { status: 403, body: { code: 'not_allowed' } };
    expect(await app.post(`tasks/${failed}/retry`, undefined, READERS)).toMatchObject(refused);
    expect(await app.post('queues/sales/pause', undefined, READERS)).toMatchObject(refused);
    expect(await app.post('queues/people/pause', undefined, SALES)).toMatchObject(refused);
    const task = { queue: 'people', name: 'greet', params: {} };
    expect(await app.post('tasks', task, SALES)).toMatchObject(refused);
    expect(await app.post('tasks', { ...task, queue: 'sales' }, SALES)).toMatchObject({ status: 201 });
    expect(await app.post('queues/sales/pause', undefined, SALES)).toMatchObject({
      status: 200,
      body: { paused: true },
    });
    expect(await app.post('queues/sales/resume', undefined, SALES)).toMatchObject({ status: 200 });
    for (const selector of [{ queue: 'people', key: 'a' }, { name: 'greet' }, { tag: { team: 'sales' } }]) {
      expect(await app.post('pauses', selector, SALES)).toMatchObject(refused);
    }
    expect(await app.patch('queues/people', { globalConcurrency: 3 }, SALES)).toMatchObject(refused);
    expect(await app.patch('queues/sales', { globalConcurrency: 3 }, SALES)).toMatchObject({ status: 200 });
    const key = { queue: 'sales', key: 'a' };
    expect(await app.post('pauses', key, SALES)).toMatchObject({ status: 200, body: [{ selector: key }] });
    expect(await app.get('pauses', READERS)).toMatchObject({ body: [{ selector: key }] });
    expect(await app.get('pauses', as('people'))).toMatchObject({ body: [] });
    expect(await app.post('pauses/resume', key, READERS)).toMatchObject(refused);
    expect(await app.post('pauses/resume', key, SALES)).toMatchObject({ status: 200, body: [] });
    expect(await app.post(`tasks/${failed}/retry`, undefined, SALES)).toMatchObject({ status: 200 });
  });

  it('acts on those of many that it may act on', async () => {
    const remove = (target: object, init: RequestInit) => app.post('tasks/bulk', { action: 'delete', ...target }, init);
    expect(await remove({ ids: [sold, hired] }, READERS)).toMatchObject({
      body: {
        changed: 0,
        refused: [
          { id: sold, state: 'completed' },
          { id: hired, state: null },
        ],
      },
    });
    expect(await remove({ filter: { state: 'failed' } }, SALES)).toMatchObject({ body: { changed: 1, refused: [] } });
    const left = (await app.dispatcher.list({ state: 'failed' })).items.map(({ name, queue }) => `${queue} ${name}`);
    expect(left.toSorted()).toEqual(['people break', 'sales reject']);
    expect(await remove({ ids: [sold, hired] }, SALES)).toMatchObject({
      body: { changed: 1, refused: [{ id: hired, state: null }] },
    });
  });

  it('is asked with the tags of each task, of those that run and that a handler enqueued too', async () => {
    await app.stop();
    const asked: AdminAbout[] = [];
    app = await AdminApp.start({
      adapter,
      tasks: {
        workers: { sales: 1 },
        admin: {
          can: (_request: object, _action: AdminAction, about: AdminAbout) => {
            asked.push(about);
            return about.tags === undefined || about.tags['customer'] === '42';
          },
        },
      },
    });
    const queued = async (tags: Record<string, string>): Promise<string> =>
      (await app.dispatcher.queueIn('sales', '1h', 'greet', {}, { tags })).id;
    const [own, other] = [await queued({ customer: '42' }), await queued({ customer: '43' })];
    const plain = (await app.dispatcher.queueIn('sales', '1h', 'greet', {})).id;
    expect((await items('tasks', {})).map(({ id }) => id)).toEqual([own]);
    expect(await app.get(`tasks/${own}`)).toMatchObject({ status: 200 });
    for (const id of [other, plain]) expect(await app.get(`tasks/${id}`)).toMatchObject({ status: 404 });
    const cancel = { action: 'cancel', filter: { state: 'scheduled' } };
    expect(await app.post('tasks/bulk', cancel)).toMatchObject({ body: { changed: 1 } });
    const task = { queue: 'sales', name: 'greet', params: {} };
    expect(await app.post('tasks', task)).toMatchObject({ status: 403 });
    expect(await app.post('tasks', { ...task, tags: { customer: '42' } })).toMatchObject({ status: 201 });
    expect(asked).toContainEqual({ queue: 'sales', name: 'greet', tags: { customer: '43' } });
    expect(asked).toContainEqual({ queue: 'sales', name: 'greet', tags: {} });
    await app.get('queues');
    expect(asked).toContainEqual({ queue: 'sales' });
  });

  /** What a stream is told, until the test closes it. */
  async function streamFor(init: RequestInit): Promise<{
    events(): Array<{ taskIds: string[]; queues: Array<{ queue: string }> }>;
    close(): Promise<void>;
  }> {
    const controller = new AbortController();
    const response = await fetch(`${app.origin}/admin/tasks/api/events`, { ...init, signal: controller.signal });
    const reader = response.body!.getReader();
    let text = '';
    const read = (async () => {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        text += new TextDecoder().decode(value);
      }
    })().catch(() => undefined);
    return {
      events: () => [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!) as never),
      close: async () => {
        controller.abort();
        await read;
      },
    };
  }

  it('tells a stream of the queues that may be seen, and no ids', async () => {
    const { events, close } = await streamFor(SALES);
    await until('the first event', () => Promise.resolve(events().length > 0));
    await app.dispatcher.queue('people', 'greet', {});
    await until('another event', () => Promise.resolve(events().length > 1));
    for (const { taskIds, queues } of events()) {
      expect(queues.map(({ queue }) => queue)).toEqual(['sales']);
      expect(taskIds).toEqual([]);
    }
    await close();
  });

  it('is asked in the context of the request that a stream answers, whoever sets a change off', async () => {
    await app.stop();
    const request = new AsyncLocalStorage<string>();
    const asked = new Map<string, Set<string | undefined>>();
    app = await AdminApp.start({
      adapter,
      tasks: {
        workers: { sales: 1, people: 1 },
        admin: {
          can: (of) => {
            const { 'x-team': team } = (of as { headers: Record<string, string> }).headers;
            asked.set(team!, (asked.get(team!) ?? new Set()).add(request.getStore()));
            return request.getStore() === team;
          },
        },
      },
      configure: (nest) =>
        nest.use((incoming: { headers: Record<string, string> }, _response: unknown, next: () => void) =>
          request.run(incoming.headers['x-team']!, next),
        ),
    });
    const streams = [await streamFor(SALES), await streamFor(OPS)];
    for (const { events } of streams) await until('the first event', () => events().length > 0);
    await request.run('a stranger', () => app.dispatcher.queue('sales', 'greet', {}));
    for (const { events } of streams) {
      await until('another event', () => events().length > 1);
      expect(events().map(({ queues }) => queues.length > 0)).not.toContain(false);
    }
    expect(asked).toEqual(
      new Map([
        ['sales', new Set(['sales'])],
        ['ops', new Set(['ops'])],
      ]),
    );
    for (const { close } of streams) await close();
  });

  it('takes what is no clear yes for a no, and a fault for no leave', async () => {
    await app.stop();
    let answer: () => unknown = () => 'yes';
    app = await AdminApp.start({
      adapter,
      tasks: { workers: { sales: 1 }, admin: { can: () => answer() as boolean } },
    });
    const { id } = await app.dispatcher.queue('sales', 'greet', {});
    expect(await app.get(`tasks/${id}`)).toMatchObject({ status: 404 });
    answer = () => Promise.resolve(true);
    expect(await app.get(`tasks/${id}`)).toMatchObject({ status: 200 });
    answer = () => {
      throw new Error('no directory');
    };
    expect(await app.get(`tasks/${id}`)).toMatchObject({ status: 500 });
  });
});
