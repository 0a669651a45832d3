import type { Page, Request } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { AdminApp } from '../admin/support/admin-app.js';
import { CHROMIUM, hasChromium } from './support/browser.js';
import { PageFixture } from './support/page-fixture.js';
import { PageHandlers } from './support/page-handlers.js';

/** Changes come from here instead of the server: as many at once as a test likes. */
const FAKE_STREAM = `
  window.streams = [];
  window.EventSource = class extends EventTarget {
    constructor() {
      super();
      streams.push(this);
    }
    close() {}
    tell(queues) {
      this.dispatchEvent(new MessageEvent('change', { data: JSON.stringify({ taskIds: [], queues }) }));
    }
  };
`;

describe.skipIf(!hasChromium)(`the page's connection (needs ${CHROMIUM})`, () => {
  const fixture = new PageFixture();
  let page: Page;
  beforeEach(() => {
    ({ page } = fixture);
  });

  it('says that it lost the app, and lives again when that is back', async () => {
    await fixture.failed('flaky');
    await fixture.open('#/tasks?state=failed');
    await page.getByRole('link', { name: 'flaky' }).waitFor();
    const { port } = fixture.app;
    await fixture.app.stop();
    await page.getByText('Connection lost.').waitFor();
    // What was shown is not taken away.
    await page.getByRole('link', { name: 'flaky' }).waitFor();

    fixture.app = await AdminApp.start({
      port,
      tasks: { workers: { default: 4, emails: 1, idle: 0 } },
      providers: [PageHandlers],
    });
    // However long the app took to start, and so the page waits until it tries again.
    await page.getByText('Connection lost.').waitFor({ state: 'hidden', timeout: 60_000 });
    // Read anew: the new app knows of no failure.
    await page.getByText('No tasks here.').waitFor();
    await fixture.failed('flaky');
    await page.getByRole('link', { name: 'flaky' }).waitFor();
  }, 150_000);

  it('reads what it shows from time to time where there is no room for another stream', async () => {
    await page.route('**/api/events', (route) => route.fulfill({ status: 503, body: '' }));
    await fixture.open('#/tasks?state=failed');
    await page.reload();
    await page.getByText('are read from time to time').waitFor();
    await fixture.failed('flaky');
    await page.getByRole('link', { name: 'flaky' }).waitFor();
  });

  it('asks the server no more often the more changes there are', async () => {
    await page.addInitScript(FAKE_STREAM);
    await fixture.open('#/tasks');
    await page.reload();
    await page.getByText('No tasks here.').waitFor();
    const queues = await fixture.app.dispatcher.stats();
    const asked: string[] = [];
    page.on('request', (request: Request) => {
      if (request.url().includes('/api/')) asked.push(request.url());
    });
    await fixture.failed('flaky');
    const told = JSON.stringify(queues);
    await page.evaluate(`for (let n = 0; n < 10_000; n++) streams[0].tell(${told})`);
    await page.getByRole('link', { name: 'flaky' }).waitFor();
    // One at once, one for all that came while it was read; the queues came along.
    expect(asked.length).toBeLessThanOrEqual(2);
    expect(asked.every((url) => url.includes('/api/tasks?'))).toBe(true);
  });

  /** The page's questions when it opens, several of them twice where something changes meanwhile. */
  const MAX_AT_OPENING = 16;

  it('counts along with a queue that works, by few requests', async () => {
    const total = 5_000;
    const asked: string[] = [];
    page.on('request', (request: Request) => {
      if (request.url().includes('/api/')) asked.push(request.url());
    });
    await fixture.open('#/tasks?state=completed');
    const since = performance.now();
    const rows = Array.from({ length: total }, (_, n) => ({ n }));
    await fixture.app.dispatcher.queueMany('default', 'greet', rows);
    await page.getByRole('link', { name: `completed ${total.toLocaleString('en')}` }).waitFor({ timeout: 60_000 });
    const seconds = (performance.now() - since) / 1_000;
    // The list and its counts once a second at most, and what a page asks for when it opens.
    expect(asked.length).toBeLessThanOrEqual(MAX_AT_OPENING + 2 * seconds);
  });
});
