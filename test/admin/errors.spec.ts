import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorGroupKey } from '../../lib/engine/common/index.js';
import type { ErrorReport } from '../../lib/contract/index.js';
import type { TaskList } from '../../lib/operations/index.js';
import { until } from '../support/until.js';
import { ADAPTERS, AdminApp } from './support/admin-app.js';

const MANY = 5_000;

describe.each(ADAPTERS)('errors on %s', (adapter) => {
  let app: AdminApp;

  beforeAll(async () => {
    app = await AdminApp.start({ adapter, tasks: { workers: { default: 50, other: 1 } } });
  });
  afterAll(() => app.stop());

  const groups = async (query = ''): Promise<ErrorReport> => (await app.get(`errors${query}`)).body;
  const fail = async (queue: string, name: string, rows: object[]): Promise<string[]> => {
    const ids = (await app.dispatcher.queueMany(queue, name, rows)).map(({ id }) => id);
    const isDone = async (): Promise<boolean> => {
      const { counts } = (await app.dispatcher.stats()).find((stats) => stats.queue === queue)!;
      return counts.available + counts.running === 0;
    };
    await until('all to fail', isDone);
    return ids;
  };

  it('are told in groups, and listed by group', async () => {
    const rejected = await fail('default', 'reject', [{ order: 1 }, { order: 22 }, { order: 333 }]);
    const [broken] = await fail('other', 'break', [{}]);
    expect(await app.get('errors')).toMatchObject({ status: 200, type: 'application/json' });
    const { items, looked, complete } = await groups();
    expect({ looked, complete }).toEqual({ looked: 4, complete: true });
    const message = 'Order … is not there';
    expect(items).toMatchObject([
      { name: 'reject', error: { name: 'RangeError', message }, count: 3, queues: ['default'] },
      { name: 'break', error: { name: 'TypeError', message: 'Broken on purpose' }, count: 1, sampleId: broken },
    ]);
    expect((await groups('?queue=other')).items).toEqual([items[1]]);
    expect((await groups('?name=reject')).items).toEqual([items[0]]);

    const listed = (await app.get(`tasks?error=${items[0]!.key}&order=oldest`)).body as TaskList;
    expect(listed.items.map(({ id }) => id)).toEqual(rejected);
  });

  it('are retried by thousands in one request', async () => {
    await app.dispatcher.bulk('delete', { filter: { state: 'failed' } });
    await fail(
      'default',
      'reject',
      Array.from({ length: MANY }, (_, order) => ({ order })),
    );
    await fail('default', 'break', [{}]);
    await app.dispatcher.pauseQueue('default');
    const error = errorGroupKey('reject', { name: 'RangeError', message: 'Order 0 is not there' });
    const retried = await app.post('tasks/bulk', { action: 'retry', filter: { error } });
    expect(retried).toMatchObject({ status: 200, body: { changed: MANY, refused: [] } });
    expect((await groups()).items).toMatchObject([{ name: 'break', count: 1 }]);
  });

  it.each(['state=failed', 'limit=5', 'queue=a&queue=b'])('are not asked for by %s', async (query) => {
    expect(await app.get(`errors?${query}`)).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
  });
});
