import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CronSchedule } from '../../lib/cron/index.js';
import type { AuditEntry, KeyPage, Task } from '../../lib/contract/index.js';
import { until } from '../support/until.js';
import { ADAPTERS, AdminApp } from './support/admin-app.js';

const JSON_TYPE = 'application/json';
const PROBLEM_TYPE = 'application/problem+json';

describe.each(ADAPTERS)('the admin API on %s', (adapter) => {
  let app: AdminApp;

  beforeAll(async () => {
    const queues = { imports: { key: { concurrency: 2, rateLimit: '1/h' } }, mails: { rateLimit: '5/s' } };
    app = await AdminApp.start({ adapter, tasks: { workers: { default: 4, idle: 0, imports: 2 }, queues } });
  });
  afterAll(() => app.stop());

  const later = (): Promise<Task> => app.dispatcher.queueIn('default', '1h', 'greet', {});
  const failed = async (): Promise<Task> => {
    const { id } = await app.dispatcher.queue('default', 'break', {});
    return app.reached(id, 'failed');
  };

  describe('queues', () => {
    it('lists every queue with its depth, workers and resolved settings', async () => {
      await later();
      const answer = await app.get('queues');
      expect(answer).toMatchObject({ status: 200, type: JSON_TYPE });
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      const [first] = answer.body as Array<{ counts: { scheduled: number } }>;
      expect(first).toMatchObject({ queue: 'default', paused: false, concurrency: 4, settings: { maxRetries: 3 } });
      expect(first!.counts.scheduled).toBeGreaterThan(0);
    });

    it('pauses and resumes, and answers with the queue', async () => {
      expect(await app.post('queues/idle/pause')).toMatchObject({ status: 200, body: { queue: 'idle', paused: true } });
      expect((await app.dispatcher.stats()).find(({ queue }) => queue === 'idle')).toMatchObject({ paused: true });
      expect(await app.post('queues/idle/resume')).toMatchObject({
        status: 200,
        body: { queue: 'idle', paused: false },
      });
    });

    it('tells which keys wait and why, and what a queue lets run can be changed', async () => {
      const enqueue = (key: string) => app.dispatcher.queue('imports', 'greet', {}, { key });
      const [first, second, third] = [await enqueue('acme'), await enqueue('acme'), await enqueue('acme')];
      const done = await app.reached(first.id, 'completed');
      await until('the others to wait for a place', async () => {
        const others = await Promise.all([second, third].map(({ id }) => app.dispatcher.get(id)));
        return others.every(({ block }) => block?.by === 'key' && block.key === 'acme');
      });
      const { body } = await app.get('queues/imports/keys');
      const [acme] = (body as KeyPage).keys;
      expect(acme).toMatchObject({ key: 'acme', held: 0, available: 2, starts: { used: 1, waiting: 2 } });
      expect(acme!.starts!.nextAt).toBeGreaterThanOrEqual(done.startedAt! + 3_600_000);

      const raise = (wanted: object, queue = 'imports') => app.patch(`queues/${queue}/keys`, wanted);
      expect(await raise({ key: 'acme', priority: 9 })).toMatchObject({ status: 200, body: { changed: 2 } });
      expect((await app.dispatcher.get(third.id)).priority).toBe(9);
      for (const wrong of [{}, { key: 'acme' }, { key: 'acme', priority: 0.5 }, { key: '', priority: 1 }]) {
        expect(await raise(wrong)).toMatchObject({ status: 422 });
      }
      expect(await raise({ key: 'acme', priority: 9 }, 'importz')).toMatchObject({ status: 404 });

      await app.dispatcher.pause({ queue: 'imports', key: 'acme' });
      expect(await app.patch('queues/imports', { key: { rateLimit: '3/h', concurrency: 5 } })).toMatchObject({
        status: 200,
        body: { queue: 'imports', flow: { keyConcurrency: 5, keyRateLimit: { max: 3, per: 3_600_000 } } },
      });
      await until('the pause to be what it waits for', async () => {
        return (await app.dispatcher.get(third.id)).block?.by === 'pause';
      });
      const selector = { queue: 'imports', key: 'acme' };
      expect(await app.get('pauses')).toMatchObject({ status: 200, body: [{ selector, waiting: 2 }] });
      const { body: list } = await app.get('tasks?queue=imports&key=acme&state=available');
      expect((list as { items: Task[] }).items.map(({ id }) => id)).toEqual([third.id, second.id]);
      expect(await app.get('tasks?key=other')).toMatchObject({ body: { items: [] } });
      const cancel = { action: 'cancel', filter: { queue: 'imports', key: 'acme', state: ['available', 'held'] } };
      expect(await app.post('tasks/bulk', cancel)).toMatchObject({ body: { changed: 2 } });
      expect(await app.post('pauses/resume', selector)).toMatchObject({ status: 200, body: [] });
      for (const wrong of [{}, { key: {} }, { key: { rateLimit: 'often' } }, { fair: true }]) {
        expect(await app.patch('queues/imports', wrong)).toMatchObject({ status: 422 });
      }
      expect(await app.patch('queues/importz', { rateLimit: '5/s' })).toMatchObject({ status: 404 });
    });

    it('pauses some tasks and tells of limits', async () => {
      expect(await app.get('limits')).toMatchObject({
        status: 200,
        body: [{ name: 'mails', kind: 'queue', max: 5, per: 1_000, used: 0, closedUntil: null, waiting: 0 }],
      });
      const selector = { tag: { customer: '42' } };
      expect(await app.post('pauses', selector)).toMatchObject({ status: 200, body: [{ selector, waiting: 0 }] });
      expect(await app.post('pauses', { queue: 'idle' })).toMatchObject({ status: 200 });
      expect((await app.dispatcher.stats()).find(({ queue }) => queue === 'idle')).toMatchObject({ paused: true });
      for (const each of [selector, { queue: 'idle' }])
        expect((await app.post('pauses/resume', each)).status).toBe(200);
      expect(await app.get('pauses')).toMatchObject({ body: [] });
      expect(await app.post('pauses', { name: 'a', queue: 'b' })).toMatchObject({ status: 422 });
      const { body } = await app.get('audit?limit=4');
      expect((body as { items: AuditEntry[] }).items.map(({ action, target }) => [action, target])).toEqual([
        ['resume-queue', 'idle'],
        ['resume-tasks', JSON.stringify(selector)],
        ['pause-queue', 'idle'],
        ['pause-tasks', JSON.stringify(selector)],
      ]);
    });

    it.each(['pause', 'resume'])('has no queue to %s that nothing configures', async (action) => {
      const answer = await app.post(`queues/idel/${action}`);
      expect(answer).toMatchObject({ status: 404, type: PROBLEM_TYPE, body: { code: 'unknown_queue', status: 404 } });
      expect(answer.text).toContain('Did you mean \\"idle\\"');
    });
  });

  describe('tasks', () => {
    it('enqueues, and answers with the task and where it is', async () => {
      const answer = await app.post('tasks', { queue: 'idle', name: 'greet', params: { to: 'Zoë 🙂' }, priority: 7 });
      expect(answer).toMatchObject({ status: 201, type: JSON_TYPE });
      const task = answer.body as Task;
      expect(task).toMatchObject({
        queue: 'idle',
        name: 'greet',
        state: 'available',
        priority: 7,
        params: { to: 'Zoë 🙂' },
      });
      expect(answer.headers.get('location')).toBe(`tasks/${task.id}`);
      expect(await app.dispatcher.get(task.id)).toMatchObject({ params: { to: 'Zoë 🙂' }, priority: 7 });
    });

    it('enqueues a task of a given id once, and leads to it', async () => {
      const odd = [
        '7',
        'a/b?c#d%2F%&e',
        'welcome:42',
        '😀 ü',
        'api',
        `${'x'.repeat(adapter === 'fastify' ? 90 : 245)}/😀`,
      ];
      for (const id of odd) {
        const wanted = { queue: 'idle', name: 'greet', params: {}, delay: '1h', id };
        const answer = await app.post('tasks', wanted);
        expect(answer).toMatchObject({ status: 201, body: { id, enqueued: true } });
        expect(await app.post('tasks', { ...wanted, params: { to: 'no' } })).toMatchObject({
          status: 200,
          body: { id, enqueued: false, params: {} },
        });
        const location = answer.headers.get('location')!;
        expect(await app.get(location)).toMatchObject({ status: 200, body: { id } });
        expect(await app.post(`${location}/run-now`)).toMatchObject({ status: 200, body: { state: 'available' } });
        expect(await app.post(`${location}/cancel`)).toMatchObject({ status: 200, body: { state: 'cancelled' } });
        expect(await app.delete(location)).toMatchObject({ status: 204 });
      }
      const refused = await app.post('tasks', { queue: 'idle', name: 'greet', params: {}, id: ' x' });
      expect(refused).toMatchObject({ status: 422, body: { errors: [{ field: 'id' }] } });
    });

    it('enqueues for later by delay and by date', async () => {
      const delayed = await app.post('tasks', { queue: 'idle', name: 'greet', params: {}, delay: '1h30m' });
      const task = delayed.body as Task;
      expect(task).toMatchObject({ state: 'scheduled', runAt: task.createdAt + 5_400_000 });
      const date = new Date(Date.now() + 86_400_000).toISOString();
      const dated = await app.post('tasks', { queue: 'idle', name: 'greet', params: {}, runAt: date });
      expect(dated).toMatchObject({ status: 201, body: { state: 'scheduled', runAt: Date.parse(date) } });
      const milliseconds = await app.post('tasks', {
        queue: 'idle',
        name: 'greet',
        params: {},
        runAt: Date.parse(date),
      });
      expect(milliseconds).toMatchObject({ status: 201, body: { runAt: Date.parse(date) } });
    });

    it.each([
      ['an unknown queue', { queue: 'idel' }, 'unknown_queue', 'queue'],
      ['an unknown name', { name: 'gret' }, 'unknown_task_name', 'name'],
      ['a wrong duration', { delay: '5 apples' }, 'invalid_argument', 'delay'],
      ['a negative delay', { delay: -1 }, 'invalid_argument', 'delay'],
      ['a delay of another kind', { delay: [5] }, 'invalid_request', 'delay'],
      ['a date without a zone', { runAt: '2030-01-01T00:00:00' }, 'invalid_request', 'runAt'],
      ['a date that is none', { runAt: '2030-13-41T00:00:00Z' }, 'invalid_request', 'runAt'],
      ['both delay and date', { delay: 5, runAt: 5 }, 'invalid_request', 'runAt'],
      ['a broken priority', { priority: 1.5 }, 'invalid_request', 'priority'],
      ['params that are no object', { params: [1] }, 'invalid_request', 'params'],
      ['no params', { params: undefined }, 'invalid_request', 'params'],
      ['an unknown key', { priorty: 1 }, 'invalid_request', 'priorty'],
    ])('refuses %s, naming the field, and stores nothing', async (_what, change, code, field) => {
      const before = await count();
      const answer = await app.post('tasks', { queue: 'idle', name: 'greet', params: {}, ...change });
      expect(answer).toMatchObject({
        status: 422,
        type: PROBLEM_TYPE,
        body: { code, status: 422, errors: [{ field }] },
      });
      expect(await count()).toBe(before);
    });

    it('names the nearest key for one that it does not know', async () => {
      const answer = await app.post('tasks', { queue: 'idle', name: 'greet', params: {}, priorty: 1 });
      expect(answer.text).toContain('Did you mean \\"priority\\"');
    });

    it('tells of every wrong field at once, in params too, and never of a value', async () => {
      const answer = await app.post('tasks', { queue: 'idle', name: 'order', params: { amount: 0, card: 4111 } });
      expect(answer).toMatchObject({ status: 422, type: PROBLEM_TYPE, body: { code: 'invalid_params' } });
      const fields = (answer.body as { errors: Array<{ field: string }> }).errors.map(({ field }) => field);
      expect(fields).toEqual(['params.amount', 'params.card']);
      expect(answer.text).not.toContain('4111');
    });

    it('never shows what is sensitive', async () => {
      const enqueued = await app.post('tasks', {
        queue: 'idle',
        name: 'order',
        params: { amount: 5, card: '4111-1111' },
      });
      const { id } = enqueued.body as Task;
      const [read, listed, searched] = await Promise.all([
        app.get(`tasks/${id}`),
        app.get('tasks?queue=idle&name=order'),
        app.get('tasks?search=4111-1111'),
      ]);
      expect(read.body).toMatchObject({ params: { amount: 5, card: '[sensitive]' } });
      // Finding it would tell it, one guess at a time.
      expect(searched).toMatchObject({ status: 200, body: { items: [] } });
      for (const { text } of [enqueued, read, listed, searched]) expect(text).not.toContain('4111-1111');
    });

    it('shows one task with its attempts, error, stack and logs', async () => {
      const broken = await app.get(`tasks/${(await failed()).id}`);
      expect(broken).toMatchObject({ status: 200, type: JSON_TYPE });
      expect(broken.body).toMatchObject({
        state: 'failed',
        error: { name: 'TypeError', message: 'Broken on purpose' },
        attempts: [{ attempt: 1, outcome: 'failed', error: { stack: expect.stringContaining('handlers.ts') } }],
      });
      const { id } = await app.dispatcher.queue('default', 'greet', { to: 'Ada' });
      await app.reached(id, 'completed');
      expect((await app.get(`tasks/${id}`)).body).toMatchObject({ logs: [{ attempt: 1, message: 'Hello Ada' }] });
    });

    it('pages through a list, newest first, each task once', async () => {
      const rows = Array.from({ length: 7 }, (_, number) => ({ number }));
      const tasks = await app.dispatcher.queueMany('idle', 'greet', rows, { delay: '2h' });
      const seen: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const page = await app.get(`tasks?state=scheduled&queue=idle&limit=3&cursor=${encodeURIComponent(cursor)}`);
        expect(page.status).toBe(200);
        const { items, nextCursor } = page.body as { items: Task[]; nextCursor: string | null };
        expect(items.length).toBeLessThanOrEqual(3);
        seen.push(...items.map(({ id }) => id));
        cursor = nextCursor;
      }
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen.filter((id) => tasks.some((task) => task.id === id))).toEqual(tasks.map(({ id }) => id).toReversed());
    });

    it('filters by state, queue, name and text', async () => {
      const { id } = await app.dispatcher.queue('idle', 'greet', { to: 'a-needle' });
      await app.dispatcher.queue('idle', 'greet', { to: 'hay' });
      const answer = await app.get('tasks?state=available&queue=idle&name=greet&search=a-needle');
      expect((answer.body as { items: Task[] }).items.map((task) => task.id)).toEqual([id]);
      const several = await app.get('tasks?state=failed,available&queue=idle&name=greet&search=a-needle');
      expect((several.body as { items: Task[] }).items.map((task) => task.id)).toEqual([id]);
      const others = await app.get('tasks?state=failed,cancelled&queue=idle&name=greet&search=a-needle');
      expect((others.body as { items: Task[] }).items).toEqual([]);
    });

    it('filters by several queues and names, in lists and in bulk actions', async () => {
      const names = ['greet', 'break', 'reject'];
      const tasks = await Promise.all(names.map((name) => app.dispatcher.queue('idle', name, { of: 'several' })));
      const found = async (query: string): Promise<string[]> =>
        ((await app.get(`tasks?search=several&${query}`)).body as { items: Task[] }).items.map(({ name }) => name);
      expect((await found('name=greet&name=reject&name=a%2Cb')).toSorted()).toEqual(['greet', 'reject']);
      expect(await found('name=greet&queue=idle&queue=default')).toEqual(['greet']);
      expect(await found('queue=default&queue=emails')).toEqual([]);
      const filter = { name: ['greet', 'reject'], queue: ['idle', 'default'], search: 'several' };
      expect(await app.post('tasks/bulk', { action: 'cancel', filter })).toMatchObject({ body: { changed: 2 } });
      expect(await app.get(`tasks/${tasks[1]!.id}`)).toMatchObject({ body: { state: 'available' } });
    });

    it('filters by tags, in lists and in bulk actions, and enqueues with them', async () => {
      const tagged = async (tags: object): Promise<string> => {
        const body = { queue: 'idle', name: 'greet', params: {}, delay: '1h', tags };
        const answer = await app.post('tasks', body);
        expect(answer).toMatchObject({ status: 201, body: { tags } });
        return (answer.body as Task).id;
      };
      const one = await tagged({ customer: '42', product: 'a:b, c' });
      const two = await tagged({ customer: '42' });
      const found = async (query: string): Promise<string[]> =>
        ((await app.get(`tasks?order=oldest&${query}`)).body as { items: Task[] }).items.map(({ id }) => id);
      expect(await found('tag=customer:42')).toEqual([one, two]);
      expect(await found(`tag=customer:42&tag=${encodeURIComponent('product:a:b, c')}`)).toEqual([one]);
      expect(await found('tag=customer:42&tag=customer:42&queue=idle&state=scheduled')).toEqual([one, two]);
      expect(await found('tag=customer:43')).toEqual([]);
      expect(await app.get(`tasks/${one}`)).toMatchObject({ body: { tags: { customer: '42', product: 'a:b, c' } } });
      const cancel = (filter: object) => app.post('tasks/bulk', { action: 'cancel', filter });
      expect(await cancel({ tag: 'product:a:b, c' })).toMatchObject({ status: 200, body: { changed: 1 } });
      expect(await cancel({ tags: { customer: '42' } })).toMatchObject({ status: 200, body: { changed: 1 } });
      const { body } = await app.get('audit?limit=2');
      const targets = (body as { items: Array<{ target: string }> }).items.map(({ target }) => target);
      expect(targets).toEqual(['tag=customer:42', 'tag=product:a:b, c']);
    });

    it.each([
      ['tag=customer', 'tag'],
      ['tag=:42', 'tag'],
      ['tag=customer:', 'tag'],
      ['tag=customer:42&tag=customer:43', 'tag'],
      ['tags=customer:42', 'tags'],
    ])('refuses a filter by the tag %s', async (query, field) => {
      const answer = await app.get(`tasks?${query}`);
      expect(answer).toMatchObject({
        status: 422,
        body: { errors: expect.arrayContaining([expect.objectContaining({ field })]) },
      });
    });

    it.each([
      [{ tags: {} }, 'filter.tags'],
      [{ tags: { customer: 42 } }, 'filter.tags'],
      [{ tags: { customer: '42' }, tag: 'customer:42' }, 'filter.tag'],
    ])('acts on nothing by the tags %j', async (filter, field) => {
      const answer = await app.post('tasks/bulk', { action: 'cancel', filter });
      expect(answer).toMatchObject({
        status: 422,
        body: { errors: expect.arrayContaining([expect.objectContaining({ field })]) },
      });
    });

    it('lists from the oldest, and those of a span of time', async () => {
      const [first, second, third] = await app.dispatcher.queueMany('idle', 'greet', [{}, {}, {}], { delay: '3h' });
      const seen = async (query: string): Promise<string[]> =>
        ((await app.get(`tasks?queue=idle&state=scheduled&${query}`)).body as { items: Task[] }).items.map(
          ({ id }) => id,
        );
      const oldest = await seen(`order=oldest&from=${first!.createdAt}`);
      expect(oldest).toEqual([first!.id, second!.id, third!.id]);
      const date = new Date(first!.createdAt).toISOString();
      expect(await seen(`from=${date}`)).toEqual(oldest.toReversed());
      expect(await seen(`to=${date}`)).not.toContain(first!.id);
      expect(await seen(`from=${third!.createdAt + 1}`)).toEqual([]);
    });

    it.each([
      ['order=newer', 'order'],
      ['from=yesterday', 'from'],
      ['from=2027-01-01T00:00:00', 'from'],
      ['to=-5', 'to'],
      ['from=2000&to=2000', 'to'],
      ['stat=failed', 'stat'],
      ['state=done', 'state'],
      ['state=failed,done', 'state'],
      ['limit=0', 'limit'],
      ['limit=201', 'limit'],
      ['limit=many', 'limit'],
      ['cursor=nonsense', 'cursor'],
      ['search=a&search=b', 'search'],
    ])('refuses the query %s, naming the parameter', async (query, field) => {
      const answer = await app.get(`tasks?${query}`);
      expect(answer).toMatchObject({ status: 422, type: PROBLEM_TYPE, body: { errors: [{ field }] } });
    });

    it('retries, cancels and runs now, and answers with the task', async () => {
      const { id } = await later();
      expect(await app.post(`tasks/${id}/cancel`)).toMatchObject({ status: 200, body: { id, state: 'cancelled' } });
      const retried = await app.post(`tasks/${id}/retry`);
      expect(retried).toMatchObject({ status: 200, body: { id } });
      await app.reached(id, 'completed');
      const second = await later();
      expect(await app.post(`tasks/${second.id}/run-now`)).toMatchObject({ status: 200, body: { id: second.id } });
      await app.reached(second.id, 'completed');
    });

    it('changes a task that waits', async () => {
      const { id } = await app.dispatcher.queueIn('default', '1h', 'order', { amount: 1, card: '4111' });
      const headers = { 'Content-Type': 'application/json' };
      const change = (body: object) =>
        app.ask('PATCH', `/admin/tasks/api/tasks/${id}`, { headers, body: JSON.stringify(body) });
      const runAt = Date.UTC(2030, 0, 1);
      expect(
        await change({ runAt: '2030-01-01T00:00:00Z', priority: 3, params: { amount: 2, card: '42' } }),
      ).toMatchObject({
        status: 200,
        body: { id, runAt, priority: 3, params: { amount: 2, card: '[sensitive]' }, state: 'scheduled' },
      });
      expect(await change({ params: { amount: 0, card: '42' } })).toMatchObject({
        status: 422,
        body: { code: 'invalid_params' },
      });
      expect(await change({ runAt: 1, delay: 1 })).toMatchObject({
        status: 422,
        body: { errors: [{ field: 'runAt' }] },
      });
      expect(await change({})).toMatchObject({ status: 422, body: { code: 'invalid_argument' } });
      expect(await change({ delay: 0 })).toMatchObject({ status: 200, body: { id } });
      await app.reached(id, 'completed');
      expect(await change({ priority: 1 })).toMatchObject({ status: 409, body: { code: 'task_state' } });
      const { body } = await app.get('audit');
      const [last] = (body as { items: object[] }).items;
      expect(last).toMatchObject({ action: 'update', target: id, changed: 1 });
    });

    it('cancels a task that runs', async () => {
      const { id } = await app.dispatcher.queue('default', 'wait', {});
      await app.reached(id, 'running');
      expect((await app.post(`tasks/${id}/cancel`)).status).toBe(200);
      await app.reached(id, 'cancelled');
    });

    it('deletes', async () => {
      const { id } = await later();
      const answer = await app.delete(`tasks/${id}`, { headers: { 'Content-Type': 'application/json' } });
      expect(answer).toMatchObject({ status: 204, text: '' });
      expect((await app.get(`tasks/${id}`)).status).toBe(404);
    });

    it.each([
      ['GET', ''],
      ['POST', '/retry'],
      ['POST', '/cancel'],
      ['POST', '/run-now'],
      ['DELETE', ''],
    ])('has nothing to %s%s under an id that is none', async (method, action) => {
      const answer = await app.ask(method, `/admin/tasks/api/tasks/no-such-task${action}`);
      expect(answer).toMatchObject({ status: 404, type: PROBLEM_TYPE, body: { code: 'task_not_found' } });
      expect(answer.text).toContain('no-such-task');
    });

    it('says why an action does not apply, and what it would apply to', async () => {
      const { id } = await later();
      const answer = await app.post(`tasks/${id}/retry`);
      expect(answer).toMatchObject({
        status: 409,
        type: PROBLEM_TYPE,
        body: { code: 'task_state', state: 'scheduled', allowed: ['failed', 'cancelled', 'retryable'] },
      });
    });
  });

  describe('many tasks', () => {
    it('acts on those named, and says which it left', async () => {
      const [one, two] = [await later(), await later()];
      const answer = await app.post('tasks/bulk', { action: 'cancel', ids: [one.id, two.id, 'none-of-it'] });
      expect(answer).toMatchObject({ status: 200, body: { changed: 2, refused: [{ id: 'none-of-it', state: null }] } });
      expect(await app.dispatcher.get(two.id)).toMatchObject({ state: 'cancelled' });
    });

    it('acts on what a filter finds, and on nothing else', async () => {
      const one = await app.dispatcher.queueIn('idle', '1h', 'order', { amount: 1, card: 'x' });
      const other = await later();
      const answer = await app.post('tasks/bulk', { action: 'delete', filter: { state: 'scheduled', name: 'order' } });
      expect(answer).toMatchObject({ status: 200, body: { changed: 1 } });
      expect((await app.get(`tasks/${one.id}`)).status).toBe(404);
      expect(await app.dispatcher.get(other.id)).toMatchObject({ state: 'scheduled' });
    });

    it.each([
      ['an unknown action', { action: 'retri', ids: ['a'] }, 'action'],
      ['no action', { ids: ['a'] }, 'action'],
      ['neither ids nor filter', { action: 'retry' }, 'ids'],
      ['ids and filter', { action: 'retry', ids: ['a'], filter: { queue: 'idle' } }, 'ids'],
      ['an empty filter', { action: 'delete', filter: {} }, 'filter'],
      ['an unknown key of the filter', { action: 'delete', filter: { queue: 'idle', stat: 'x' } }, 'filter.stat'],
      ['a list of no queue', { action: 'delete', filter: { queue: [] } }, 'filter.queue'],
      ['a name that is none', { action: 'delete', filter: { name: ['a', 7] } }, 'filter.name'],
      ['an unknown state', { action: 'delete', filter: { state: 'x' } }, 'filter.state'],
      ['ids that are none', { action: 'retry', ids: [1] }, 'ids'],
      ['no ids', { action: 'retry', ids: [] }, 'ids'],
      ['too many ids', { action: 'retry', ids: Array.from({ length: 10_001 }, (_, id) => `${id}`) }, 'ids'],
    ])('refuses %s', async (_what, body, field) => {
      const answer = await app.post('tasks/bulk', body);
      expect(answer).toMatchObject({ status: 422, type: PROBLEM_TYPE });
      expect((answer.body as { errors: unknown[] }).errors).toContainEqual(expect.objectContaining({ field }));
    });
  });

  describe('crons', () => {
    it('lists, pauses, resumes and triggers', async () => {
      const listed = await app.get('crons');
      expect(listed).toMatchObject({ status: 200, type: JSON_TYPE, body: [{ name: 'nightly', paused: false }] });
      expect(await app.post('crons/nightly/pause')).toMatchObject({
        status: 200,
        body: { name: 'nightly', paused: true, nextRuns: [] },
      });
      expect(await app.post('crons/nightly/resume')).toMatchObject({ status: 200, body: { paused: false } });
      const triggered = await app.post('crons/nightly/trigger');
      expect(triggered.status).toBe(201);
      const { id } = triggered.body as Task;
      expect(triggered.headers.get('location')).toBe(`../../tasks/${id}`);
      await app.reached(id, 'completed');
      const [nightly] = (await app.get('crons')).body as CronSchedule[];
      expect(nightly!.nextRuns).toHaveLength(5);
      expect(nightly!.lastRuns).toEqual([
        {
          id,
          state: 'completed',
          runAt: expect.any(Number) as number,
          startedAt: expect.any(Number) as number,
          finishedAt: expect.any(Number) as number,
        },
      ]);
    });

    it.each(['trigger', 'pause', 'resume'])('has no schedule to %s that is none', async (action) => {
      const answer = await app.post(`crons/nightli/${action}`);
      expect(answer).toMatchObject({ status: 404, type: PROBLEM_TYPE, body: { code: 'schedule_not_found' } });
      expect(answer.text).toContain('nightly');
    });
  });

  describe('metrics', () => {
    it('answers for all queues and for one, over a window', async () => {
      const { id } = await app.dispatcher.queue('default', 'greet', {});
      await app.reached(id, 'completed');
      const answer = await app.get('metrics?queue=default&window=30m');
      expect(answer).toMatchObject({ status: 200, type: JSON_TYPE });
      const { from, to, points } = answer.body as { from: number; to: number; points: Array<{ at: number }> };
      expect(to - from).toBeGreaterThanOrEqual(30 * 60_000);
      expect(points[0]).toMatchObject({ at: from, completed: expect.any(Number) });
      expect((await app.get('metrics?window=1800000')).status).toBe(200);
    });

    it.each([
      ['window=a+while', 'window'],
      ['window=1s', 'window'],
      ['queue=idel', 'queue'],
      ['windo=1h', 'windo'],
    ])('refuses the query %s', async (query, field) => {
      const answer = await app.get(`metrics?${query}`);
      expect(answer).toMatchObject({ status: 422, type: PROBLEM_TYPE, body: { errors: [{ field }] } });
    });
  });

  it.each([
    ['GET', 'api'],
    ['GET', 'api/nothing'],
    ['PUT', 'api/tasks'],
    ['PUT', 'api/tasks/1'],
    ['POST', 'api/queues/default/stop'],
    ['POST', 'api/tasks/1/retry/twice'],
  ])('has no %s %s', async (method, path) => {
    const answer = await app.ask(method, `/admin/tasks/${path}`);
    expect(answer).toMatchObject({ status: 404, type: PROBLEM_TYPE, body: { code: 'unknown_route' } });
  });

  const count = async (): Promise<number> => {
    const stats = await app.dispatcher.stats();
    const idle = stats.find(({ queue }) => queue === 'idle')!;
    return Object.values(idle.counts).reduce((sum, each) => sum + each, 0);
  };
});
