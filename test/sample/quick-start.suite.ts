import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Compiled, compiled as compiledFiles } from '../support/run/compiled.js';
import { QuickStart } from './support/quick-start.js';
import { until } from '../support/until.js';

interface Email {
  from: string;
  to: string[];
  lines: string[];
}

/**
 * The sample is the same on every store; so are its tests.
 * @param createStore resolves to the sample's TASKS_URL
 */
export function describeQuickStart(store: string, createStore: () => Promise<string>): void {
  describe(`the quick-start sample on ${store}`, () => {
    let compiled: Compiled;
    let app: QuickStart;

    beforeAll(async () => {
      compiled = await compiledFiles();
      app = new QuickStart(compiled, await createStore());
      await app.start();
    });
    afterAll(() => app?.remove());

    async function emailTo(address: string): Promise<Email> {
      return until(`an email to ${address}`, async () => {
        const { body } = await app.server.get<Email[]>('/emails');
        return body.find(({ to }) => to.includes(address));
      });
    }

    it('greets with a page that leads to the panel and lists what can be done', async () => {
      const { status, body } = await app.server.get<string>('/');
      expect(status).toBe(200);
      expect(body).toContain('href="/admin/tasks"');
      for (const path of ['/signup', '/imports', '/orders', '/reports/flaky', '/reports/broken', '/cleanup']) {
        expect(body).toContain(`data-path="${path}"`);
      }
      expect((await app.server.get('/admin/tasks')).status).toBe(200);
    });

    it('has something to show from its first start', async () => {
      const { lines } = await emailTo('ada@example.com');
      expect(lines).toContain('Subject: Welcome, Ada!');
    });

    it('sends a welcome mail by SMTP for a sign-up, with its values escaped in the HTML', async () => {
      const id = await app.enqueue('/signup', { email: 'eve@example.com', name: '<b>Eve</b> & co' });
      const email = await emailTo('eve@example.com');
      expect(email.from).toBe('hello@quick-start.example');
      expect(email.lines).toContain('Welcome, <b>Eve</b> & co!');
      expect(email.lines).toContain('<h1>Welcome, &lt;b&gt;Eve&lt;/b&gt; &amp; co!</h1>');
      expect(email.lines).toContain(`Message-ID: <${id}@quick-start.example>`);
      expect((await app.ended(id)).state).toBe('completed');
    });

    it('refuses a sign-up that is not valid, and enqueues nothing', async () => {
      const { status, body } = await app.server.post('/signup', { email: 'mallory-at-example', name: 'Mallory' });
      expect(status).toBe(400);
      expect(JSON.stringify(body)).toContain('email must be an email');
      expect(await app.search('mallory')).toEqual([]);
    });

    it('enqueues the receipt with the order', async () => {
      const id = await app.enqueue('/orders', { email: 'buyer@example.com', product: 'Lamp', quantity: 3 });
      expect((await emailTo('buyer@example.com')).lines).toContain('3 x Lamp');
      expect((await app.ended(id)).state).toBe('completed');
    });

    it('leaves neither order nor receipt behind when the payment is declined', async () => {
      const order = { email: 'broke@example.com', product: 'Lamp', quantity: 3, declinePayment: true };
      expect((await app.server.post('/orders', order)).status).toBe(402);
      expect(await app.search('broke@example.com')).toEqual([]);
      const { body: orders } = await app.server.get<{ email: string }[]>('/orders');
      expect(orders.map(({ email }) => email)).not.toContain('broke@example.com');
    });

    it('shows retries and errors', async () => {
      const [flaky, broken, impossible] = await Promise.all(
        ['flaky', 'broken', 'impossible'].map(async (report) => app.ended(await app.enqueue(`/reports/${report}`))),
      );
      expect(flaky!.attempts.map(({ outcome }) => outcome)).toEqual(['retried', 'retried', 'completed']);
      expect(flaky!.attempts[0]!.error?.message).toContain('503 Service Unavailable');

      expect(broken!.attempts.map(({ outcome }) => outcome)).toEqual(['retried', 'retried', 'failed']);
      expect(broken!.error).toMatchObject({ name: 'Error', message: 'Column "turnover" does not exist' });
      expect(broken!.error!.stack).toContain('Reports.broken');

      expect(impossible!.attempts.map(({ outcome }) => outcome)).toEqual(['failed']);
      expect(impossible!.error!.name).toBe('UnrecoverableError');
    });

    it('refuses a report that there is not', async () => {
      expect((await app.server.post('/reports/unheard-of')).status).toBe(400);
    });

    it("lists Nest's own cron method, and runs it durably when it is triggered", async () => {
      interface Cron {
        name: string;
        expression: string;
        nextRunAt: number;
      }
      const { body } = await app.server.get<Cron[] | { items: Cron[] }>('/admin/tasks/api/crons');
      const crons = Array.isArray(body) ? body : body.items;
      expect(crons).toMatchObject([{ name: 'cleanup_old_data', expression: '0 0 * * *' }]);
      expect(crons[0]!.nextRunAt).toBeGreaterThan(Date.now());

      const before = await cleanups();
      expect((await app.server.post('/admin/tasks/api/crons/cleanup_old_data/trigger')).status).toBeLessThan(300);
      const added = await until('the clean-up that the cron method enqueues', async () => {
        return (await cleanups()).find((id) => !before.includes(id));
      });
      expect((await app.ended(added)).state).toBe('completed');
    });

    async function cleanups(): Promise<string[]> {
      const { body } = await app.server.get<{ items: { id: string }[] }>('/admin/tasks/api/tasks?name=cleanup_data');
      return body.items.map(({ id }) => id);
    }

    it('deletes what is older than asked for', async () => {
      const { body } = await app.server.post<{ importId: string; task: { id: string } }>('/imports', {
        batchSize: 2_000,
      });
      await app.ended(body.task.id);
      expect((await app.server.get(`/imports/${body.importId}`)).body).toMatchObject({ rowsStored: 42_049 });

      expect((await app.ended(await app.enqueue('/cleanup', { olderThanDays: 1 }))).state).toBe('completed');
      expect((await app.server.get(`/imports/${body.importId}`)).status).toBe(200);
      expect((await app.ended(await app.enqueue('/cleanup', { olderThanDays: 0 }))).state).toBe('completed');
      expect((await app.server.get(`/imports/${body.importId}`)).status).toBe(404);
    });

    it('stops an import between two transactions when its task is cancelled', async () => {
      const { body } = await app.server.post<{ importId: string; task: { id: string } }>('/imports', { batchSize: 20 });
      await until('the first rows of the import', async () => (await progressOf(body.importId)).rowsDone > 0);
      expect((await app.server.post(`/admin/tasks/api/tasks/${body.task.id}/cancel`)).status).toBeLessThan(300);
      expect((await app.ended(body.task.id)).state).toBe('cancelled');
      const { rowsDone, rowsStored, finishedAt } = await progressOf(body.importId);
      expect(rowsStored).toBe(rowsDone);
      expect(rowsDone).toBeLessThan(42_049);
      expect(finishedAt).toBeNull();
    });

    async function progressOf(
      id: string,
    ): Promise<{ rowsDone: number; rowsStored: number; finishedAt: string | null }> {
      return (
        await app.server.get<{ rowsDone: number; rowsStored: number; finishedAt: string | null }>(`/imports/${id}`)
      ).body;
    }
  });
}
