import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TasksModuleOptions } from '../../lib/config/index.js';
import { bullmq } from '../../lib/engine/bullmq/index.js';
import { ADAPTERS, AdminApp } from '../admin/support/admin-app.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedPostgres } from '../support/servers/shared-postgres.js';
import { SharedRedis } from '../support/servers/shared-redis.js';
import { until } from '../support/until.js';
import { CHROMIUM, hasChromium, launch, openTab, type Tab } from './support/browser.js';
import { PageHandlers } from './support/page-handlers.js';

/** An incident from its first sign to its end, by way of each page, on every engine under both HTTP adapters. */
describe.skipIf(!hasChromium)(`the page everywhere (needs ${CHROMIUM})`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  const walks = (store: () => Promise<TasksModuleOptions>): void => {
    describe.each(ADAPTERS)('on %s', (adapter) => {
      let app: AdminApp;
      let tab: Tab;
      let page: Page;
      beforeEach(async () => {
        const workers = { default: 4, emails: 1 };
        app = await AdminApp.start({
          adapter,
          tasks: { ...(await store()), workers, admin: { user: () => 'ada' } },
          providers: [PageHandlers],
        });
        tab = await openTab(browser, `${app.origin}/admin/tasks`);
        ({ page } = tab);
      });
      afterEach(async () => {
        await page.close();
        await app.stop();
        expect(tab.wrong).toEqual([]);
      });
      const open = async (name: RegExp | string): Promise<void> => {
        await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click();
      };
      const button = (name: string): Locator => page.getByRole('button', { name, exact: true });
      const answer = (name: string): Locator => page.getByRole('dialog').getByRole('button', { name, exact: true });
      const row = (text: string): Locator => page.getByRole('row').filter({ hasText: text });

      it('leads from a failure to its end', async () => {
        const tasks = await app.dispatcher.queueMany('default', 'flaky', [
          { to: 'Ada' },
          { to: 'Grace' },
          { to: 'Alan' },
        ]);
        for (const { id } of tasks) await app.reached(id, 'failed');

        // It is seen as it comes.
        await row('default').getByRole('link', { name: '3', exact: true }).waitFor();
        await open(/^Errors/);
        await row('The mail server is away').getByRole('link', { name: 'Example' }).click();
        await page.getByRole('heading', { name: 'flaky failed' }).waitFor();
        await page.getByRole('group', { name: "The app's frames" }).first().waitFor();
        await page.getByText('3 like this').waitFor();

        // One is found by a text in it, another by its id.
        await open(/^Tasks/);
        await page.getByRole('searchbox', { name: 'search' }).fill('Grace');
        await page.keyboard.press('Enter');
        await row('Grace').waitFor();
        await row('Ada').waitFor({ state: 'detached' });
        await page.keyboard.press('Control+k');
        await page.keyboard.insertText(tasks[2]!.id);
        await page.keyboard.press('Enter');
        await page.getByText('"Alan"').waitFor();

        // It is put right: two run again, one is given up.
        await button('Delete').click();
        await answer('Delete').click();
        await page.getByText('Deleted: flaky').waitFor();
        app.app.get(PageHandlers).isBroken = false;
        await open(/^Errors/);
        await button('Retry all').click();
        await answer('Retry 2').click();
        await page.getByText('Retry: 2 changed').waitFor();
        await page.getByText('No failed tasks.').waitFor();
        await app.reached(tasks[0]!.id, 'completed');

        // What was done is on record.
        await open('Audit');
        await row('Retry').getByText('ada').waitFor();
        await row('Delete').getByText(tasks[2]!.id).waitFor();
      });

      it('stops a queue, fills it, and lets it go on', async () => {
        await open('Queues');
        await row('emails').getByRole('button', { name: 'Pause' }).click();
        await answer('Pause').click();
        await row('emails').getByText('paused').waitFor();
        await page.getByRole('link', { name: 'Enqueue', exact: true }).click();
        await page.getByLabel('Task', { exact: true }).selectOption('sign_up');
        await page.getByLabel('email', { exact: true }).fill('ada@example.com');
        await page.getByLabel('seats', { exact: true }).fill('3');
        await page.getByLabel('plan', { exact: true }).selectOption('paid');
        await page.locator('main').getByRole('button', { name: 'Enqueue' }).click();
        await page.getByRole('heading', { name: 'sign_up available' }).waitFor();
        await open('Overview');
        await page.getByRole('region', { name: 'Problems' }).getByText('emails was paused by ada').waitFor();
        await page.getByRole('link', { name: 'emails', exact: true }).first().click();
        await page.getByRole('region', { name: 'Waiting longest' }).getByText('ada@example.com').waitFor();
        await button('Resume').click();
        await until('the task to complete', async () => {
          const { items } = await app.dispatcher.list({ state: 'completed', name: 'sign_up' });
          return items.length === 1;
        });
      });

      it('runs a cron now, and several tasks at once', async () => {
        app.app.get(PageHandlers).isBroken = false;
        await open('Crons');
        await row('broken-monthly').getByRole('button', { name: 'Run now' }).click();
        await answer('Run now').click();
        await row('broken-monthly')
          .getByRole('link', { name: /^completed, / })
          .waitFor();
        for (const to of ['Ada', 'Grace']) await app.dispatcher.queueIn('default', '1h', 'greet', { to });
        await open(/^Tasks/);
        await page.getByRole('link', { name: /^scheduled/ }).click();
        const boxes = page.getByRole('checkbox');
        await boxes.nth(1).waitFor();
        await boxes.nth(0).check();
        await boxes.nth(1).check();
        await button('Run now selected').click();
        await answer('Run now 2').click();
        await page.getByText('Run now: 2 changed').waitFor();
        await page.getByRole('link', { name: /^completed 3/ }).waitFor();
      });
    });
  };

  describe('SQLite in the thread of the app', () => walks(() => Promise.resolve({ thread: false })));
  describe('SQLite in a thread of its own', () => walks(() => Promise.resolve({ thread: true })));

  describeWith('redis', 'BullMQ on Redis', () => {
    walks(async () => {
      const server = await SharedRedis.join();
      const engine = bullmq({ connection: server.connection, prefix: server.createPrefix() });
      return { database: undefined, engine };
    });
  });

  describeWith('postgres', 'BullMQ on PostgreSQL', () => {
    let server: SharedPostgres;
    beforeAll(async () => {
      server = await SharedPostgres.join();
    });
    walks(async () => ({ database: undefined, engine: bullmq({ postgres: await server.createDatabase() }) }));
  });
});
