import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { afterEach, describe, expect, it } from 'vitest';
import type { AdminOptions } from '../../lib/config/index.js';
import type { AuditEntry, AuditPage } from '../../lib/contract/index.js';
import { ADAPTERS, AdminApp } from './support/admin-app.js';

/** Lets everybody in, as whom the request says they are. */
const asNamed: CanActivate = {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: unknown }>();
    const { 'x-user': user } = request.headers;
    if (user !== undefined) request.user = JSON.parse(user);
    return true;
  },
};

const as = (user: object): RequestInit => ({ headers: { 'x-user': JSON.stringify(user) } });

describe.each(ADAPTERS)('the audit record on %s', (adapter) => {
  let app: AdminApp;
  afterEach(() => app.stop());

  async function start(admin: AdminOptions = {}): Promise<void> {
    app = await AdminApp.start({ adapter, tasks: { workers: false, admin: { guards: [asNamed], ...admin } } });
  }

  async function entries(): Promise<readonly AuditEntry[]> {
    const answer = await app.get('audit');
    expect(answer).toMatchObject({ status: 200, type: 'application/json' });
    return (answer.body as AuditPage).items;
  }

  it('has each change with who made it, the newest first', async () => {
    await start();
    const before = Date.now();
    const ada = as({ id: 7, email: 'ada@example.com' });
    const enqueued = await app.post('tasks', { queue: 'default', name: 'greet', params: {}, delay: '1h' }, ada);
    const { id } = enqueued.body as { id: string };
    const more = await app.dispatcher.queueMany('default', 'greet', [{}, {}, {}, {}, {}, {}, {}], { delay: '1h' });
    const ids = more.map((task) => task.id);
    const requests: Array<[string, string, number?]> = [
      [`tasks/${id}/run-now`, 'run-now'],
      [`tasks/${id}/cancel`, 'cancel'],
      [`tasks/${id}/retry`, 'retry'],
      ['queues/default/pause', 'pause-queue'],
      ['queues/default/resume', 'resume-queue'],
      ['crons/nightly/pause', 'pause-cron'],
      ['crons/nightly/resume', 'resume-cron'],
      ['crons/nightly/trigger', 'trigger-cron'],
    ];
    for (const [path] of requests)
      expect((await app.post(path, undefined, as({ username: 'bob' }))).status).toBeLessThan(300);
    await app.delete(`tasks/${id}`, as({}));
    await app.post('tasks/bulk', { action: 'cancel', filter: { state: 'scheduled', queue: 'default' } });
    await app.post('tasks/bulk', { action: 'delete', ids: [...ids, 'nobody'] });

    const found = await entries();
    const targets: Record<string, string> = { tasks: id, queues: 'default', crons: 'nightly' };
    const one = { changed: 1 };
    expect(found.map(({ at: _, ...entry }) => entry)).toEqual([
      { who: null, action: 'delete', target: `${ids.slice(0, 5).join(', ')} and 3 more`, changed: 7 },
      { who: null, action: 'cancel', target: 'state=scheduled queue=default', changed: 7 },
      { who: null, action: 'delete', target: id, ...one },
      ...requests
        .map(([path, action]) => ({ who: 'bob', action, target: targets[path.split('/')[0]!], ...one }))
        .toReversed(),
      { who: 'ada@example.com', action: 'enqueue', target: id, ...one },
    ]);
    for (const { at } of found) {
      expect(at).toBeGreaterThanOrEqual(before);
      expect(at).toBeLessThanOrEqual(Date.now());
    }
  });

  it('goes on at the cursor', async () => {
    await start();
    for (let time = 0; time < 5; time += 1) await app.post(`queues/default/${time % 2 ? 'resume' : 'pause'}`);
    const actions: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = (await app.get(`audit?limit=2&cursor=${cursor}`)).body as AuditPage;
      expect(page.items.length).toBeLessThanOrEqual(2);
      actions.push(...page.items.map(({ action }) => action));
      cursor = page.nextCursor;
    }
    expect(actions).toEqual(['pause-queue', 'resume-queue', 'pause-queue', 'resume-queue', 'pause-queue']);
  });

  it('has nothing of what was refused', async () => {
    await start();
    await app.post('tasks', { queue: 'default', name: 'nobody', params: {} });
    await app.post('tasks/no-such-task/retry');
    await app.post('queues/nowhere/pause');
    await app.post('crons/nobody/trigger');
    await app.post('tasks/bulk', { action: 'retry', filter: {} });
    await app.delete('tasks/no-such-task');
    expect(await entries()).toEqual([]);
  });

  it('names people as the app says', async () => {
    await start({ user: (request) => `${(request.user as { login: string }).login} of ops` });
    await app.post('queues/default/pause', undefined, as({ login: 'ada', email: 'ada@example.com' }));
    // It throws for a request that has no user: the change is made and on record all the same.
    expect((await app.post('queues/default/resume')).status).toBe(200);
    expect(await entries()).toMatchObject([
      { who: null, action: 'resume-queue' },
      { who: 'ada of ops', action: 'pause-queue' },
    ]);
  });

  it('does not fail a change that it cannot write down', async () => {
    await start();
    const { store } = (app.dispatcher as unknown as { operations: { store: { noteAudit(): Promise<void> } } })
      .operations;
    store.noteAudit = () => Promise.reject(new Error('The disk is full'));
    expect(await app.post('queues/default/pause')).toMatchObject({ status: 200, body: { paused: true } });
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['cursor=nonsense', 'cursor'],
    ['who=ada', 'who'],
  ])('refuses the query %s', async (query, field) => {
    await start();
    expect(await app.get(`audit?${query}`)).toMatchObject({ status: 422, body: { errors: [{ field }] } });
  });
});
