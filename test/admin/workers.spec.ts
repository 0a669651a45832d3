import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Task, WorkerStatus } from '../../lib/contract/index.js';
import { VERSION } from '../../lib/version.js';
import { ADAPTERS, AdminApp } from './support/admin-app.js';

describe.each(ADAPTERS)('who does the work, on %s', (adapter) => {
  let app: AdminApp;

  beforeAll(async () => {
    app = await AdminApp.start({ adapter, tasks: { workers: { default: 2, idle: 1 }, admin: { readOnly: true } } });
  });
  afterAll(() => app.stop());

  it('is told with what each process is running', async () => {
    const { id } = await app.dispatcher.queue('default', 'wait', {});
    const running: Task = await app.reached(id, 'running');
    const answer = await app.get('workers');
    expect(answer).toMatchObject({ status: 200, type: 'application/json' });
    const workers = answer.body as WorkerStatus[];
    const { attempt, startedAt } = running;
    expect(workers).toEqual([
      {
        id: running.attempts[0]!.worker,
        host: expect.any(String) as string,
        pid: process.pid,
        startedAt: expect.any(Number) as number,
        queues: { default: 2, idle: 1 },
        running: [{ id, queue: 'default', name: 'wait', attempt, startedAt }],
        self: true,
      },
    ]);
    await app.dispatcher.cancel(id);
    await app.reached(id, 'cancelled');
    expect((await app.get('workers')).body).toMatchObject([{ running: [] }]);
  });

  it('is told with the engine and what it can do', async () => {
    const answer = await app.get('engine');
    expect(answer).toMatchObject({ status: 200, type: 'application/json' });
    expect(answer.body).toMatchObject({
      kind: 'sqlite',
      capabilities: { clock: 'system', listOrder: 'created' },
      readOnly: true,
      version: VERSION,
    });
  });

  it.each(['workers', 'engine'])('is asked without a query: %s', async (route) => {
    expect(await app.get(`${route}?page=2`)).toMatchObject({ status: 422, body: { errors: [{ field: 'page' }] } });
  });
});
