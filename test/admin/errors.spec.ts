import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FailureReport, TaskList } from '../../lib/index.js';
import { until } from '../support/until.js';
import { ADAPTERS, AdminApp } from './support/admin-app.js';

const MANY = 5_000;

describe.each(ADAPTERS)('failures on %s', (adapter) => {
  let app: AdminApp;

  beforeAll(async () => {
    app = await AdminApp.start({ adapter, tasks: { workers: { default: 50, other: 1 } } });
  });
  afterAll(() => app.stop());

  const groups = async (query = ''): Promise<FailureReport> => (await app.get(`errors${query}`)).body;
  const failedIn = async (queue: string): Promise<number> =>
    (await app.dispatcher.stats()).find((stats) => stats.queue === queue)!.counts.failed;

  it('are told in groups, and thousands of one group are retried by one request', async () => {
    const orders = Array.from({ length: MANY }, (_, order) => ({ order }));
    await app.dispatcher.queueMany('default', 'reject', orders);
    const { id } = await app.dispatcher.queue('other', 'break', {});
    await app.reached(id, 'failed');
    await until('all to fail', async () => (await failedIn('default')) === MANY);

    const { items, looked } = await groups();
    expect(looked).toBe(MANY + 1);
    expect(items).toMatchObject([
      {
        name: 'reject',
        error: { name: 'RangeError', message: 'Order … is not there' },
        count: MANY,
        queues: ['default'],
      },
      { name: 'break', error: { name: 'TypeError', message: 'Broken on purpose' }, count: 1, sampleId: id },
    ]);
    const [rejected, broken] = items;
    expect((await groups('?queue=other')).items).toEqual([broken]);
    expect((await groups('?name=reject')).items).toEqual([rejected]);

    const listed = (await app.get(`tasks?error=${broken!.key}`)).body as TaskList;
    expect(listed.items.map((task) => task.id)).toEqual([id]);

    await app.dispatcher.pauseQueue('default');
    const retried = await app.post('tasks/bulk', { action: 'retry', filter: { error: rejected!.key } });
    expect(retried).toMatchObject({ status: 200, body: { changed: MANY, refused: [] } });
    expect((await groups()).items).toEqual([broken]);
  });

  it.each(['state=failed', 'limit=5', 'queue=a&queue=b'])('are not asked for by %s', async (query) => {
    expect(await app.get(`errors?${query}`)).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
  });
});
