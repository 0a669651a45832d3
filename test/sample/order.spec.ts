import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compiled as compiledFiles } from '../support/run/compiled.js';
import { until } from '../support/until.js';
import { ServerProcess } from './support/server-process.js';

interface Order {
  state: string;
  booking: { charge: string; state: string } | null;
  steps: string[];
}

interface Payment {
  kind: string;
  order: string;
  requests: number;
}

describe('the order sample', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-tasks-order-'));
  let payments: ServerProcess;
  let app: ServerProcess;
  let main: string;

  const startApp = async (): Promise<void> => {
    app = await ServerProcess.start([main], { cwd: folder, env: { PORT: '0', PAYMENTS_URL: payments.url } });
  };

  beforeAll(async () => {
    const compiled = await compiledFiles();
    main = compiled.file('sample/order/main');
    payments = await ServerProcess.start([compiled.file('sample/order/payments')], { cwd: folder, env: { PORT: '0' } });
    await startApp();
  }, 120_000);
  afterAll(async () => {
    await app?.end('SIGKILL');
    await payments?.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  const reaches = (id: string, state: string): Promise<Order> =>
    until(`order ${id} to be ${state}`, async () => {
      const { body } = await app.get<Order>(`/orders/${id}`);
      return body.state === state && body;
    });

  it('charges once though the answer is lost, waits over a kill, ships what is approved and refunds the rest', async () => {
    const products = { shipped: 'lamp', rejected: 'lamp', 'sold-out': 'unicorn' };
    for (const [id, product] of Object.entries(products)) await app.put(`/orders/${id}`, { product });
    for (const id of Object.keys(products)) {
      expect(await reaches(id, 'suspended')).toMatchObject({
        booking: { state: 'booked' },
        steps: ['charge', 'book', 'approved|rejected'],
      });
    }
    await app.end('SIGKILL');
    await startApp();
    for (const [id, decision] of [
      ['shipped', 'approved'],
      ['rejected', 'rejected'],
      ['sold-out', 'approved'],
    ] as const) {
      expect((await app.post(`/orders/${id}/${decision}`)).status).toBe(201);
    }
    expect(await reaches('shipped', 'completed')).toMatchObject({ booking: { state: 'shipped' } });
    expect(await reaches('rejected', 'completed')).toMatchObject({ booking: { state: 'refunded' } });
    expect(await reaches('sold-out', 'completed')).toMatchObject({ booking: { state: 'refunded' } });

    const { body: made } = await payments.get<Payment[]>('/payments');
    const paid = made.map(({ kind, order }) => `${kind} ${order}`).toSorted();
    expect(paid).toEqual([
      'charge rejected',
      'charge shipped',
      'charge sold-out',
      'refund rejected',
      'refund sold-out',
    ]);
    // Each was asked for again: its first answer never came.
    for (const { requests } of made) expect(requests).toBeGreaterThan(1);
  });
});
