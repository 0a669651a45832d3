import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { Task } from '../../../lib/contract/index.js';
import { AdminApp, type AdminAppOptions } from '../../admin/support/admin-app.js';
import { launch, openTab, type Tab } from './browser.js';
import { PageHandlers } from './page-handlers.js';

/** A browser for a file of tests, and for each test a new app with the page open in a tab. */
export class PageFixture {
  browser!: Browser;
  app!: AdminApp;
  tab!: Tab;

  constructor(options: AdminAppOptions = {}) {
    beforeAll(async () => {
      this.browser = await launch();
    });
    afterAll(() => this.browser.close());
    beforeEach(async () => {
      const workers = { default: 4, emails: 1, idle: 0 };
      const queues = { idle: { key: { concurrency: 1, rateLimit: '5/h' } } };
      this.app = await AdminApp.start({ tasks: { workers, queues }, providers: [PageHandlers], ...options });
      this.tab = await openTab(this.browser, this.url);
    });
    afterEach(async () => {
      await this.page.close();
      await this.app.stop();
      expect(this.tab.wrong).toEqual([]);
    });
  }

  get page(): Page {
    return this.tab.page;
  }

  get url(): string {
    return `${this.app.origin}/admin/tasks`;
  }

  get handlers(): PageHandlers {
    return this.app.app.get(PageHandlers);
  }

  /** @param hash with its `#` */
  async open(hash: string): Promise<void> {
    await this.page.goto(`${this.url}${hash}`);
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  dialogButton(name: string): Locator {
    return this.page.getByRole('dialog').getByRole('button', { name, exact: true });
  }

  row(text: string): Locator {
    return this.page.getByRole('row').filter({ hasText: text });
  }

  async failed(name: string, params: object = {}): Promise<Task> {
    const { id } = await this.app.dispatcher.queue('default', name, params);
    return this.app.reached(id, 'failed');
  }

  async completed(name: string, params: object = {}): Promise<Task> {
    const { id } = await this.app.dispatcher.queue('default', name, params);
    return this.app.reached(id, 'completed');
  }

  async failMany(number: number): Promise<void> {
    const rows = Array.from({ length: number }, (_, n) => ({ n }));
    const tasks = await this.app.dispatcher.queueMany('default', 'flaky', rows);
    for (const { id } of tasks) await this.app.reached(id, 'failed');
  }
}
