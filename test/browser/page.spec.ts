import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import type { AdminApp } from '../admin/support/admin-app.js';
import { CHROMIUM, hasChromium, openTab } from './support/browser.js';
import { PageFixture } from './support/page-fixture.js';
import { PageHandlers } from './support/page-handlers.js';

describe.skipIf(!hasChromium)(`the page in Chromium (needs ${CHROMIUM})`, () => {
  const fixture = new PageFixture();
  const failed = fixture.failed.bind(fixture);
  const failMany = fixture.failMany.bind(fixture);
  const button = fixture.button.bind(fixture);
  const dialogButton = fixture.dialogButton.bind(fixture);
  let app: AdminApp;
  let page: Page;
  beforeEach(() => {
    ({ app, page } = fixture);
  });

  it('shows a failure and its stack, retries it, and shows it complete', async () => {
    await failed('flaky', { to: 'Ada' });
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Tasks' }).click();
    await page.getByRole('navigation', { name: 'States' }).getByRole('link', { name: 'failed' }).click();
    await page.getByRole('link', { name: 'flaky' }).click();
    await page.getByRole('heading', { name: 'flaky failed' }).waitFor();
    // The app's frame stands first; those of Node and of packages are there, and closed.
    await page.getByRole('group', { name: "The app's frames" }).first().getByText('page-handlers.ts').first().waitFor();
    app.app.get(PageHandlers).isBroken = false;
    await button('Retry').click();
    await dialogButton('Retry').click();
    await page.getByRole('heading', { name: 'flaky completed' }).waitFor();
  });

  it('retries all that match at once, with their number asked back first', async () => {
    await failMany(60);
    await page.goto(`${app.origin}/admin/tasks#/tasks?state=failed&name=flaky`);
    await page.getByRole('checkbox').first().check();
    await button('Select all that match').click();
    app.app.get(PageHandlers).isBroken = false;
    await button('Retry selected').click();
    await page.getByRole('dialog', { name: 'Retry: 60 tasks?' }).waitFor();
    await dialogButton('Retry 60').click();
    await page.getByText('Retry: 60 changed, 0 refused').waitFor();
    await page.getByRole('link', { name: 'completed 60' }).waitFor();
    expect((await app.dispatcher.stats()).find(({ queue }) => queue === 'default')!.counts.failed).toBe(0);
  });

  it('acts on a range that shift chose, and names what it had to leave', async () => {
    await failMany(4);
    await app.dispatcher.queue('idle', 'greet', {});
    await page.goto(`${app.origin}/admin/tasks#/tasks`);
    const boxes = page.getByRole('checkbox');
    await boxes.nth(4).waitFor();
    await boxes.nth(0).click();
    await boxes.nth(3).click({ modifiers: ['Shift'] });
    await page.getByText('4 chosen').waitFor();
    expect(await boxes.nth(2).isChecked()).toBe(true);
    expect(await boxes.nth(4).isChecked()).toBe(false);
    await button('Retry selected').click();
    await dialogButton('Retry 4').click();
    // The newest is available already.
    await page.getByText('Retry: 3 changed, 1 refused').waitFor();
    await page.getByRole('heading', { name: 'Not changed' }).waitFor();
    await page.getByRole('listitem').filter({ hasText: 'is available' }).waitFor();
  });

  it('deletes nothing when the answer is no', async () => {
    const { id } = await failed('flaky');
    await page.goto(`${app.origin}/admin/tasks#/tasks/${id}`);
    await button('Delete').click();
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await app.dispatcher.get(id)).toMatchObject({ state: 'failed' });
    await button('Delete').click();
    await dialogButton('Delete').click();
    await page.getByText('Deleted: flaky').waitFor();
    await expect(app.dispatcher.get(id)).rejects.toThrow(id);
  });

  it('runs a task again with params that were edited, and says what is wrong with them', async () => {
    const { id } = await failed('flaky', { to: 'Ada' });
    await page.goto(`${app.origin}/admin/tasks#/tasks/${id}`);
    await page.getByText('"Ada"').waitFor();
    app.app.get(PageHandlers).isBroken = false;
    await button('Run again with …').click();
    const params = page.getByRole('textbox', { name: 'Params (JSON)' });
    await params.fill('{ "to": ');
    await dialogButton('Enqueue').click();
    await page.getByRole('alert').getByText('This is no JSON').waitFor();
    await params.fill('{ "to": "Grace" }');
    await dialogButton('Enqueue').click();
    await page.getByRole('heading', { name: 'flaky completed' }).waitFor();
    await page.getByText('"Grace"').waitFor();
    expect(page.url()).not.toContain(id);
  });

  it('goes on by keyboard where a link led', async () => {
    await failed('flaky');
    await fixture.open('#/tasks');
    const link = page.getByRole('link', { name: 'flaky' });
    await link.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'flaky failed' }).waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Tasks');
  });

  it('goes through rows by keyboard, and chooses them', async () => {
    await failMany(3);
    await fixture.open('#/tasks?state=failed');
    await page.getByRole('checkbox').nth(2).waitFor();
    for (const key of ['j', 'x', 'j', 'j', 'x', 'j', 'k']) await page.keyboard.press(key);
    await page.getByText('2 chosen').waitFor();
    const chosen = page.getByRole('checkbox');
    expect([await chosen.nth(0).isChecked(), await chosen.nth(1).isChecked(), await chosen.nth(2).isChecked()]).toEqual(
      [true, false, true],
    );
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'flaky failed' }).waitFor();
    const [, middle] = (await app.dispatcher.list({ state: 'failed' })).items;
    expect(page.url()).toContain(middle!.id);
  });

  it('triggers a cron', async () => {
    await page.getByRole('link', { name: 'Crons' }).click();
    await page.getByRole('row').filter({ hasText: 'nightly' }).getByRole('button', { name: 'Run now' }).click();
    await dialogButton('Run now').click();
    await page.getByText('Enqueued a run: nightly').waitFor();
    await page.goto(`${app.origin}/admin/tasks#/tasks?state=completed`);
    await page.getByRole('link', { name: 'nightly' }).waitFor();
  });

  it('opens the same view from a link that was shared', async () => {
    await failed('flaky', { to: 'Ada' });
    await failed('flaky', { to: 'Grace' });
    await page.goto(`${app.origin}/admin/tasks#/tasks`);
    await page.getByRole('link', { name: /^failed/ }).click();
    await page.locator('main [aria-current=page]', { hasText: 'failed' }).waitFor();
    await page.getByRole('searchbox', { name: 'search' }).fill('Grace');
    await button('Filter').click();
    await page.waitForURL(/search=Grace/);
    const shared = await openTab(fixture.browser, page.url());
    await shared.page.getByRole('link', { name: 'flaky' }).waitFor();
    await expect.poll(() => shared.page.getByRole('link', { name: 'flaky' }).count()).toBe(1);
    expect(await shared.page.getByRole('searchbox', { name: 'search' }).inputValue()).toBe('Grace');
    await expect.poll(() => shared.page.locator('main [aria-current=page]', { hasText: 'failed' }).count()).toBe(1);
    await shared.page.close();
    expect(shared.wrong).toEqual([]);
  });

  it('holds what is shown while it is asked to, and catches up then', async () => {
    await page.goto(`${app.origin}/admin/tasks#/tasks?state=failed`);
    await page.getByText('No tasks here.').waitFor();
    await page.keyboard.press('p');
    await page.getByRole('button', { name: /^Held/, pressed: false }).waitFor();
    await failed('flaky');
    await button('Held: news').waitFor();
    await expect.poll(() => page.getByRole('link', { name: 'flaky' }).count()).toBe(0);
    await button('Held: news').click();
    await page.getByRole('link', { name: 'flaky' }).waitFor();
    await button('Live').waitFor();
  });

  it('is led by keys, which a help sheet names, and which leave fields alone', async () => {
    await page.getByRole('heading', { name: 'Queues' }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).getByText('Failed tasks').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('g');
    await page.keyboard.press('t');
    await page.getByRole('heading', { name: 'Tasks', exact: true }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('gc?');
    expect(await page.getByRole('searchbox', { name: 'search' }).inputValue()).toBe('gc?');
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
  });

  it('scrolls sideways at no width, as narrow as twice as large letters make it', async () => {
    await fixture.failMany(2);
    await app.dispatcher.queueMany('idle', 'greet', [{ long: 'x'.repeat(300) }, {}]);
    await app.dispatcher.queue('idle', 'greet', {}, { key: 'k'.repeat(200) });
    await app.dispatcher.pauseQueue('idle');
    const { id } = await failed('long', { message: 'y'.repeat(300) });
    // 640 pixels are what 1,280 are at twice the size.
    for (const width of [640, 761, 800, 1_000, 1_440]) {
      await page.setViewportSize({ width, height: 800 });
      for (const hash of ['#/', '#/queues', '#/queues/default', '#/queues/idle', '#/tasks', '#/errors', '#/crons']) {
        await fixture.open(hash);
        await page.locator('tbody tr').first().waitFor();
        await page.getByText('Reading …').first().waitFor({ state: 'detached' });
        expect(await page.evaluate('document.documentElement.scrollWidth'), `${hash} at ${width}`).toBe(width);
      }
      for (const hash of [`#/tasks/${id}`, '#/names/long', '#/enqueue?name=sign_up', '#/audit', '#/workflows']) {
        await fixture.open(hash);
        await page.locator('main h1').waitFor();
        await page.getByText('Reading …').first().waitFor({ state: 'detached' });
        expect(await page.evaluate('document.documentElement.scrollWidth'), `${hash} at ${width}`).toBe(width);
      }
    }
  });

  it('tells its series apart where a system replaces colours', async () => {
    await fixture.failMany(2);
    await fixture.completed('greet');
    await page.emulateMedia({ forcedColors: 'active' });
    await page.reload();
    await page
      .getByRole('img', { name: /^Tasks over time: 1 completed, 2 failed/ })
      .locator('canvas')
      .waitFor();
    const colours = await page.evaluate<number>(`(() => {
      const canvas = document.querySelector('.chart canvas');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const kinds = new Map();
      for (let at = 0; at < data.length; at += 4) {
        if (data[at + 3] !== 255) continue;
        const key = [data[at], data[at + 1], data[at + 2]].join();
        kinds.set(key, (kinds.get(key) ?? 0) + 1);
      }
      return [...kinds].filter(([key, pixels]) => pixels > 100 && new Set(key.split(',')).size > 1).length;
    })()`);
    expect(colours).toBeGreaterThanOrEqual(2);
  });

  it('fits 360 pixels, in light and in dark', async () => {
    const long = 'x'.repeat(500);
    const { id } = await failed('flaky', { long });
    await failed('long', { message: long });
    await app.dispatcher.queue('idle', 'greet', { long });
    const cancelled = await app.post('tasks/bulk', { action: 'cancel', filter: { queue: 'idle', search: long } });
    expect(cancelled.body).toMatchObject({ changed: 1 });
    await page.setViewportSize({ width: 360, height: 740 });
    const width = (): Promise<number> => page.evaluate('document.documentElement.scrollWidth');
    for (const [hash, heading] of [
      ['#/', 'Overview'],
      ['#/queues', 'Queues'],
      ['#/queues/default', 'default'],
      ['#/names/flaky', 'flaky'],
      ['#/tasks', 'Tasks'],
      [`#/tasks/${id}`, 'flaky failed'],
      ['#/errors', 'Errors'],
      ['#/enqueue?name=sign_up', 'Enqueue a task'],
      ['#/audit', 'Audit'],
      ['#/crons', 'Crons'],
    ] as const) {
      await page.goto(`${app.origin}/admin/tasks${hash}`);
      await page.getByRole('heading', { name: heading, exact: true }).waitFor();
      await page.getByText('Reading …').first().waitFor({ state: 'detached' });
      expect(await width(), hash).toBe(360);
    }
    const ground = (): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor');
    await button('More').click();
    await page.getByRole('combobox', { name: 'Colours' }).selectOption('light');
    const light = await ground();
    await page.getByRole('combobox', { name: 'Colours' }).selectOption('dark');
    const dark = await ground();
    expect(dark).not.toBe(light);
    await page.reload();
    await page.getByRole('heading', { name: 'Crons' }).waitFor();
    expect(await ground()).toBe(dark);
  });
});
