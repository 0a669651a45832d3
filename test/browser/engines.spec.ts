import { join } from 'node:path';
import { Queue } from 'bullmq';
import type { Browser, Locator, Page } from 'playwright-core';
import { DataSource } from 'typeorm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bullmq } from '../../lib/engine/bullmq/index.js';
import { AdminApp } from '../admin/support/admin-app.js';
import { tempDirectory } from '../module/support.js';
import { describeWith } from '../support/servers/find-program.js';
import { RedisServer } from '../support/servers/redis-server.js';
import { until } from '../support/until.js';
import { CHROMIUM, hasChromium, launch, openTab, type Tab } from './support/browser.js';
import { PageHandlers } from './support/page-handlers.js';

describe.skipIf(!hasChromium)(`the page on another engine (needs ${CHROMIUM})`, () => {
  describeWith('redis', 'BullMQ on Redis, with an outbox', () => {
    let browser: Browser;
    let server: RedisServer;
    let stores = 0;
    let prefix: string;
    let database: DataSource;
    let app: AdminApp;
    let tab: Tab;
    let page: Page;
    const connection = (): { host: string; port: number } => ({ host: server.host, port: server.port });

    beforeAll(async () => {
      [browser, server] = await Promise.all([launch(), RedisServer.start()]);
    });
    afterAll(async () => {
      await browser.close();
      await server.remove();
    });
    beforeEach(async () => {
      prefix = `shop${(stores += 1)}`;
      database = await new DataSource({
        type: 'better-sqlite3',
        database: join(tempDirectory(), 'app.db'),
      }).initialize();
      app = await AdminApp.start({
        tasks: {
          database: undefined,
          engine: bullmq({ connection: connection(), prefix, show: ['legacy'] }),
          outbox: { dataSource: database },
          workers: { default: 2 },
        },
        providers: [PageHandlers],
      });
      tab = await openTab(browser, `${app.origin}/admin/tasks`);
      ({ page } = tab);
    });
    afterEach(async () => {
      await page.close();
      await app.stop();
      await database.destroy();
      expect(tab.wrong).toEqual([]);
    });

    it('is the same page, and says what the engine cannot answer', async () => {
      await page.getByText('on bullmq-redis').waitFor();
      await page.getByText('keeps no waiting and running times').waitFor();
      const { id } = await app.dispatcher.queue('default', 'flaky', { to: 'Ada' });
      await app.reached(id, 'failed');
      await page.getByRole('link', { name: /^Errors/ }).click();
      await page.getByText('The mail server is away').waitFor();
      app.app.get(PageHandlers).isBroken = false;
      await page.getByRole('button', { name: 'Retry all' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Retry 1' }).click();
      await page.getByText('No failed tasks.').waitFor();
      await page.goto(`${app.origin}/admin/tasks#/tasks/${id}`);
      await page.getByRole('heading', { name: 'flaky completed' }).waitFor();
    });

    it('shows what belongs to another program, and leaves it alone', async () => {
      const legacy = new Queue('legacy', { connection: connection(), prefix });
      await legacy.add('print', { pages: 3 });
      await legacy.close();
      const { id } = await app.dispatcher.queue('default', 'flaky', {});
      await app.reached(id, 'failed');
      const row = (text: string): Locator => page.getByRole('row').filter({ hasText: text });
      await page.keyboard.press('r');
      await row('legacy').getByText('foreign', { exact: true }).waitFor();
      await expect.poll(() => row('legacy').getByRole('button').count()).toBe(0);
      await expect.poll(() => row('default').getByRole('button', { name: 'Pause' }).count()).toBe(1);

      await page.goto(`${app.origin}/admin/tasks#/tasks`);
      await row('print').waitFor();
      await row('flaky').waitFor();
      await expect.poll(() => row('print').getByRole('button').count()).toBe(0);
      await expect.poll(() => row('print').getByRole('checkbox').count()).toBe(0);
      await expect.poll(() => row('flaky').getByRole('button').count()).toBe(1);
      await page.getByRole('link', { name: 'print' }).click();
      await page.getByRole('heading', { name: 'print available' }).waitFor();
      await page.getByText('pages').waitFor();
      await expect.poll(() => page.locator('main .page-head .actions button').count()).toBe(0);

      await page.goto(`${app.origin}/admin/tasks#/enqueue`);
      const queues = page.getByLabel('Queue', { exact: true });
      await queues.waitFor();
      expect(await queues.locator('option').allTextContents()).toEqual(['default', 'emails']);
    });

    it('shows a workflow, and offers nothing that the engine does with none', async () => {
      const workflow = app.dispatcher.workflow('letters');
      const flaky = workflow.add('default', 'flaky', { to: 'Ada' });
      workflow.add('default', 'greet', {}, { after: flaky });
      const run = await workflow.start();
      await until('the end of the workflow', async () => (await run.progress()).state === 'failed');
      await page.goto(`${app.origin}/admin/tasks#/workflows/${run.id}`);
      await page.getByRole('heading', { name: /letters/ }).waitFor();
      await page.getByText('greet').first().waitFor();
      await expect.poll(() => page.getByRole('button', { name: /Retry/ }).count()).toBe(0);
      const [failed] = (await app.dispatcher.list({ state: 'failed' })).items;
      await page.goto(`${app.origin}/admin/tasks#/tasks/${failed!.id}`);
      await page.getByRole('heading', { name: 'flaky failed' }).waitFor();
      await page.getByRole('button', { name: 'Delete' }).waitFor();
      await expect.poll(() => page.getByRole('button', { name: /^Retry/ }).count()).toBe(0);
    });

    it('shows what waits in the outbox while the server is away', async () => {
      const outbox = page.getByRole('region', { name: 'Outbox' });
      await outbox.getByText('Nothing waits to be handed over.').waitFor();
      await server.stop();
      const task = await database.transaction((manager) => app.dispatcher.queue('default', 'greet', {}, { manager }));
      await page.keyboard.press('r');
      await outbox
        .getByRole('row')
        .filter({ hasText: 'default' })
        .getByText('1', { exact: true })
        .waitFor({ timeout: 60_000 });
      await server.restart();
      await outbox.getByText('Nothing waits to be handed over.').waitFor({ timeout: 60_000 });
      await app.reached(task.id, 'completed');
    });
  });
});
