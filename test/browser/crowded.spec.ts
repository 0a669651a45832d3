import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { CHROMIUM, hasChromium } from './support/browser.js';
import { PageFixture } from './support/page-fixture.js';

const LONG = 'customer-notifications-transactional-high-priority-eu-west';
const QUEUES = ['default', 'emails', LONG, ...Array.from({ length: 27 }, (_, n) => `queue-${n}`)];

/** A store of thirty queues, one of them with a long name. */
describe.skipIf(!hasChromium)(`the page with much to show (needs ${CHROMIUM})`, () => {
  const workers = Object.fromEntries(QUEUES.map((queue) => [queue, 1]));
  const fixture = new PageFixture({ tasks: { workers } });
  let page: Page;
  beforeEach(() => {
    ({ page } = fixture);
  });

  const ready = async (hash: string): Promise<void> => {
    await fixture.open(hash);
    await page.locator('tbody tr').first().waitFor();
    await page.getByText('Reading …').first().waitFor({ state: 'detached' });
  };
  const heights = (selector: string): Promise<number[]> =>
    page.locator(selector).evaluateAll((all) => all.map((one) => one.getBoundingClientRect().height));

  it('lets a long name take no column out of sight', async () => {
    const { id } = await fixture.app.dispatcher.queue(LONG, 'flaky', { to: 'Ada' });
    await fixture.app.reached(id, 'failed');
    for (const width of [1_280, 1_440]) {
      await page.setViewportSize({ width, height: 900 });
      for (const hash of ['#/', '#/queues', '#/tasks', '#/errors']) {
        await ready(hash);
        const hidden = await page
          .locator('.scroll')
          .evaluateAll((all) => all.map((one) => one.scrollWidth - one.clientWidth).filter((pixels) => pixels > 0));
        expect(hidden, `${hash} at ${width}`).toEqual([]);
      }
    }
  });

  it('shows queues in thin rows, a good many without scrolling', async () => {
    await page.setViewportSize({ width: 1_440, height: 900 });
    await fixture.failMany(3);
    await ready('#/');
    await page.locator('.chart canvas').first().waitFor();
    expect(Math.max(...(await heights('[aria-label="Queues"] tbody tr')))).toBeLessThanOrEqual(32);
    const seen = await page
      .locator('[aria-label="Queues"] tbody tr')
      .evaluateAll((rows, height) => rows.filter((row) => row.getBoundingClientRect().bottom <= height).length, 900);
    expect(seen).toBeGreaterThanOrEqual(10);
  });

  it('needs few lines for a row where there is room for no columns', async () => {
    await fixture.failMany(3);
    await fixture.failed('long', { message: 'x '.repeat(400) });
    await fixture.app.crons.trigger('nightly');
    await page.setViewportSize({ width: 360, height: 740 });
    for (const [hash, most] of [
      ['#/queues', 120],
      ['#/errors', 125],
      ['#/crons', 175],
      ['#/tasks', 130],
    ] as const) {
      await ready(hash);
      expect(Math.max(...(await heights('main tbody tr'))), hash).toBeLessThanOrEqual(most);
    }
  });

  it('names the first problems and how many more there are', async () => {
    const items = Array.from({ length: 30 }, (_, n) => ({
      kind: 'cron-failing',
      severity: 'warn',
      queue: null,
      text: `Cron number-${n}: the last 3 runs failed`,
      place: { page: 'crons' },
    }));
    await page.route(/api\/problems/, (route) => route.fulfill({ json: { at: Date.now(), items } }));
    await fixture.open('#/queues');
    await fixture.open('#/');
    const problems = page.getByRole('region', { name: 'Problems' });
    await problems.getByText('30 things need you').waitFor();
    await expect.poll(() => problems.getByRole('link').count()).toBe(10);
    await problems.getByRole('button', { name: 'and 20 more' }).click();
    await expect.poll(() => problems.getByRole('link').count()).toBe(30);
  });

  it('moves no row when one is chosen, and says what an action is about', async () => {
    await fixture.failMany(7);
    await ready('#/tasks?state=failed');
    await expect.poll(() => page.locator('tbody tr').count()).toBe(7);
    const tops = (): Promise<number[]> =>
      page.locator('tbody tr').evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().top));
    const before = await tops();
    await page.getByRole('checkbox').nth(1).click();
    await page.getByText('1 chosen').waitFor();
    expect(await tops()).toEqual(before);
    await fixture.button('Retry selected').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('n: 5').waitFor();
    await fixture.dialogButton('Go back').click();
    await fixture.button('Select the 7 shown').click();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await fixture.button('Copy').click();
    await page.getByText('Copied', { exact: true }).waitFor();
    const copied = (await page.evaluate<string>('navigator.clipboard.readText()')).split('\n');
    const numbers = copied.map((line) => (JSON.parse(line) as { params: { n: number } }).params.n);
    expect(new Set(numbers)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]));
    await fixture.button('Delete selected').click();
    await dialog.getByText('7 flaky').waitFor();
    await fixture.dialogButton('Go back').click();
    await fixture.button('Select all that match').click();
    await fixture.button('Delete selected').click();
    await dialog.getByText('All that match when it is done, shown here or not: failed').waitFor();
    await fixture.dialogButton('Go back').click();
    expect(await tops()).toEqual(before);
  });

  it('asks about a cancellation with one answer that cancels', async () => {
    await fixture.app.dispatcher.queueIn('default', '1h', 'greet', { to: 'Ada' });
    await ready('#/tasks');
    await page.getByRole('button', { name: /^Actions on greet/ }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('dialog', { name: 'Cancel: greet?' }).waitFor();
    await expect.poll(() => fixture.dialogButton('Cancel').count()).toBe(1);
    await fixture.dialogButton('Go back').click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('takes what was written along to another state, and a part of a name for those that have it', async () => {
    await fixture.failed('flaky', { to: 'Ada' });
    await ready('#/tasks');
    await page.getByRole('searchbox', { name: 'search' }).fill('Ada');
    await page.getByRole('link', { name: /^failed/ }).click();
    await page.waitForURL(/state=failed.*search=Ada/);
    await fixture.open('#/tasks');
    await page.getByRole('combobox', { name: 'queue', exact: true }).fill('ueue-1');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Leave out queue queue-1', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Leave out queue queue-19', exact: true }).waitFor();
    await expect.poll(() => page.getByRole('button', { name: /^Leave out queue queue-2/ }).count()).toBe(0);
  });

  it('tells the next run of a cron by the clock of whoever looks', async () => {
    // Kiritimati, fourteen hours before Greenwich.
    const tab = await fixture.browser.newPage({ timezoneId: 'Pacific/Kiritimati' });
    await tab.goto(`${fixture.url}#/crons`);
    const row = tab.getByRole('row').filter({ hasText: 'broken-monthly' });
    await row.getByRole('button', { name: /^Next run/ }).click();
    const next = (await fixture.app.crons.list()).find(({ name }) => name === 'broken-monthly')!.nextRunAt!;
    const there = new Date(next).toLocaleString('en-GB', {
      dateStyle: 'medium',
      timeStyle: 'medium',
      timeZone: 'Pacific/Kiritimati',
    });
    await row.getByRole('listitem').first().getByText(there).waitFor();
    await tab.getByText('times in Pacific/Kiritimati').waitFor();
    await tab.close();
  });
});
