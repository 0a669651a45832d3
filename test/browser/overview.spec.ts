import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { AdminApp } from '../admin/support/admin-app.js';
import { CHROMIUM, drawnWith, hasChromium, PATIENCE_MS } from './support/browser.js';
import { PageFixture } from './support/page-fixture.js';

describe.skipIf(!hasChromium)(`the overview (needs ${CHROMIUM})`, () => {
  const fixture = new PageFixture();
  let app: AdminApp;
  let page: Page;
  beforeEach(() => {
    ({ app, page } = fixture);
  });

  /** The chart has these colours, as they are in the theme that is shown. */
  const drawn = (properties: readonly string[]): Promise<void> =>
    vi.waitFor(async () => {
      const pixels = await drawnWith(page, '.chart', properties);
      for (const property of properties) expect(pixels[property], property).toBeGreaterThan(0);
    }, PATIENCE_MS);

  it('draws how many tasks completed and failed, over the window in the link', async () => {
    await fixture.failMany(3);
    const { id } = await app.dispatcher.queue('default', 'greet', {});
    await app.reached(id, 'completed');
    await page.goto(`${app.origin}/admin/tasks#/?window=24h`);
    await page.reload();
    await page.getByRole('img', { name: /^Tasks over time: 1 completed, 3 failed/ }).waitFor();
    await drawn(['--bar-good', '--bar-bad']);
    await fixture.failed('flaky');
    await page.getByRole('img', { name: /^Tasks over time: 1 completed, 4 failed/ }).waitFor();
    expect(await fixture.button('day').getAttribute('aria-pressed')).toBe('true');
    await fixture.button('hour').click();
    await page.waitForURL(/window=1h/);
    await page.locator('[aria-pressed=true]', { hasText: 'hour' }).waitFor();
  });

  it('draws one queue, and how long its tasks waited and ran', async () => {
    await fixture.failMany(2);
    await app.reached((await app.dispatcher.queue('emails', 'greet', {})).id, 'completed');
    await fixture.row('emails').first().getByRole('link', { name: 'emails' }).click();
    await page.getByRole('heading', { name: 'emails' }).waitFor();
    await page.getByRole('img', { name: /^Tasks over time: 1 completed, 0 failed/ }).waitFor();
    await page.getByRole('region', { name: 'Tasks by name' }).getByRole('link', { name: 'greet' }).waitFor();
    await fixture.button('running').click();
    await page.getByRole('img', { name: /^Running time over time, .*: at most p50/ }).waitFor();
    expect(page.url()).toContain('measure=running');
    await page.reload();
    await page.getByRole('img', { name: /^Running time/ }).waitFor();
    await page.getByRole('region', { name: 'Settings' }).getByText('of this one').waitFor();
  });

  it('tells what it draws of a step to the pointer and to the arrow keys', async () => {
    await fixture.failMany(2);
    await page.reload();
    const chart = page.getByRole('img', { name: /^Tasks over time: 0 completed, 2 failed/ });
    await chart.locator('canvas').waitFor();
    const tip = page.locator('.tip').first();
    expect(await tip.isVisible()).toBe(false);
    const { width, height } = (await chart.boundingBox())!;
    await chart.hover({ position: { x: width / 2, y: height / 2 } });
    await tip.getByText(/: 0 completed, 0 failed$/).waitFor();
    await page.mouse.move(0, 0);
    await tip.waitFor({ state: 'hidden' });
    await chart.focus();
    // The failures may be of the minute before the last.
    const said: string[] = [];
    for (const key of ['End', 'ArrowLeft']) {
      await page.keyboard.press(key);
      said.push((await tip.textContent())!);
    }
    expect(said.join()).toMatch(/: 0 completed, [12] failed/);
    await page.keyboard.press('Escape');
    await tip.waitFor({ state: 'hidden' });
  });

  it('draws again in other colours, at another width, and not while nothing changed', async () => {
    await fixture.failMany(2);
    // The same answer each time: a minute that ends meanwhile moves the chart on.
    const answers = new Map<string, string>();
    await page.route(/api\/metrics/, async (route) => {
      const url = route.request().url();
      const answer = answers.get(url) ?? (await (await route.fetch()).text());
      answers.set(url, answer);
      await route.fulfill({ body: answer, contentType: 'application/json' });
    });
    await page.reload();
    await page.getByRole('img', { name: /^Tasks over time: .*2 failed/ }).waitFor();
    await fixture.button('More').click();
    await page.getByLabel('Colours').selectOption('light');
    await drawn(['--bar-bad', '--line', '--quiet']);
    await page.getByLabel('Colours').selectOption('dark');
    await drawn(['--bar-bad', '--line', '--quiet']);
    await page.getByLabel('Colours').selectOption('system');
    await page.emulateMedia({ colorScheme: 'light' });
    await drawn(['--bar-bad', '--line', '--quiet']);
    await page.setViewportSize({ width: 360, height: 740 });
    await vi.waitFor(async () => {
      const { x, width } = (await page.locator('.chart canvas').first().boundingBox())!;
      const panel = (await page.getByRole('region', { name: 'Tasks over time' }).boundingBox())!;
      expect(x).toBeGreaterThanOrEqual(panel.x);
      expect(x + width).toBeLessThanOrEqual(panel.x + panel.width);
      expect(width).toBeGreaterThan(250);
    }, PATIENCE_MS);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    await page.evaluate(`
      window.drawings = 0;
      const { clearRect } = CanvasRenderingContext2D.prototype;
      CanvasRenderingContext2D.prototype.clearRect = function (...area) {
        window.drawings += 1;
        return clearRect.apply(this, area);
      };
    `);
    const read = page.waitForResponse(/api\/metrics/);
    await page.keyboard.press('r');
    await read;
    await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
    expect(await page.evaluate('window.drawings')).toBe(0);
  });

  it('pauses a queue and resumes it', async () => {
    const paused = async (): Promise<boolean> =>
      (await app.dispatcher.stats()).find(({ queue }) => queue === 'default')!.paused;
    const row = page.getByRole('row').filter({ hasText: 'default' });
    await row.getByRole('button', { name: 'Pause' }).click();
    await fixture.dialogButton('Pause').click();
    await row.getByText('paused', { exact: true }).waitFor();
    expect(await paused()).toBe(true);
    await row.getByRole('button', { name: 'Resume' }).click();
    await row.getByRole('button', { name: 'Pause' }).waitFor();
    await expect.poll(paused).toBe(false);
    await row.getByRole('button', { name: 'Pause' }).click();
    await fixture.dialogButton('Pause').click();
    await page.getByText('Paused: default').getByRole('button', { name: 'Undo' }).last().click();
    await expect.poll(paused).toBe(false);
  });

  it('shows which keys of a queue wait, pauses one, resumes it, raises it, and cancels what waits of it', async () => {
    await app.dispatcher.queueMany('idle', 'greet', [{}, {}, {}], { key: 'acme' });
    await app.dispatcher.queue('idle', 'greet', {}, { key: 'globex' });
    await fixture.open('#/queues/idle');
    const keys = page.getByRole('region', { name: 'Keys' });
    const acme = keys.getByRole('row').filter({ hasText: 'acme' });
    await acme.getByText('1 of 1').waitFor();
    await acme.getByText('0 of 5').waitFor();
    await acme.getByRole('button', { name: 'Pause acme' }).click();
    await fixture.dialogButton('Pause').click();
    await acme.getByText('paused', { exact: true }).waitFor();
    expect((await app.dispatcher.pauses()).map(({ selector }) => selector)).toEqual([{ queue: 'idle', key: 'acme' }]);
    await fixture.open('#/queues');
    const pauses = page.getByRole('region', { name: 'Paused tasks' });
    await pauses.getByRole('button', { name: 'Resume key acme of idle' }).click();
    await pauses.waitFor({ state: 'detached' });
    expect(await app.dispatcher.pauses()).toEqual([]);
    await fixture.open('#/queues/idle');
    await acme.getByRole('button', { name: 'Raise acme …' }).click();
    await page.getByRole('dialog').getByRole('spinbutton', { name: 'Priority' }).fill('5');
    await fixture.dialogButton('Raise').click();
    await page.getByText('Priority 5: 3 tasks of acme').waitFor();
    const raised = await app.dispatcher.list({ key: 'acme' });
    expect(raised.items.map(({ priority }) => priority)).toEqual([5, 5, 5]);
    await acme.getByRole('button', { name: 'Cancel all of acme' }).click();
    await fixture.dialogButton('Cancel them').click();
    await acme.waitFor({ state: 'detached' });
    expect((await app.dispatcher.list({ key: 'acme', state: 'cancelled' })).items).toHaveLength(3);
    await keys.getByRole('link', { name: 'globex' }).click();
    await page.waitForURL(/queue=idle&key=globex/);
    await fixture.row('greet').waitFor();
  });

  it('changes what a queue lets run, tells at the field what is wrong, and fits a narrow window', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await fixture.open('#/queues/idle');
    await fixture.button('Change limits …').click();
    const field = (name: string) => page.getByRole('dialog').getByRole('textbox', { name });
    expect(await field('At once of a key').inputValue()).toBe('1');
    expect(await field('Starts of a key').inputValue()).toBe('5/h');
    await field('At once of a key').fill('many');
    await fixture.dialogButton('Change').click();
    await page.getByText('key.concurrency must be a whole number').waitFor();
    await expect.poll(() => field('At once of a key').getAttribute('aria-invalid')).toBe('true');
    expect(await page.evaluate('document.activeElement.name')).toBe('key.concurrency');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    expect(await page.evaluate('document.querySelector("dialog").scrollWidth')).toBeLessThanOrEqual(360);

    await field('At once of a key').fill('3');
    await field('Starts in a span').fill('10/30s');
    await field('Starts of a key').fill('5/century');
    await page.keyboard.press('Enter');
    await page.getByText('key.rateLimit must be a number of tasks').waitFor();
    await field('Starts of a key').fill('7/m');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    const { flow } = await app.dispatcher.keys('idle');
    expect(flow).toEqual({
      keyConcurrency: 3,
      keyRateLimit: { max: 7, per: 60_000 },
      rateLimit: { max: 10, per: 30_000 },
    });
    await page.getByRole('region', { name: 'Settings' }).getByText('10 in 30s').waitFor();

    await fixture.button('Change limits …').click();
    await field('At once of a key').fill('');
    await fixture.dialogButton('Change').click();
    await expect.poll(async () => (await app.dispatcher.keys('idle')).flow.keyConcurrency).toBe(1);
  });

  it('shows how the times of a queue are spread, and leads to the tasks of a stretch of time', async () => {
    await fixture.completed('greet');
    await fixture.open('#/queues/default');
    await fixture.button('spread').click();
    await page.getByRole('img', { name: /^Waiting times as they are spread over time: 1 took/ }).waitFor();
    await fixture.button('running').click();
    await page
      .getByRole('img', { name: /^Running times as they are spread over time: 1 took/ })
      .locator('rect')
      .click();
    await page.waitForURL(/queue=default&from=\d+&to=\d+/);
    await fixture.row('greet').waitFor();
  });

  it('answers three questions of a person on call in as many clicks as the docs say', async () => {
    await fixture.failed('flaky', { customer: 'Ada' });
    await app.dispatcher.queue('idle', 'greet', { customer: 'Grace' });
    await page.reload();
    await page.evaluate(`window.clicks = 0; addEventListener('click', () => (window.clicks += 1), true)`);
    const overview = async (): Promise<void> => {
      await fixture.open('#/');
      await page.evaluate('window.clicks = 0');
    };
    const clicks = (): Promise<unknown> => page.evaluate('window.clicks');

    // Why did it fail?
    await overview();
    await fixture.row('default').getByRole('link', { name: '100 %' }).click();
    await page.getByText('Only queue default.').waitFor();
    await fixture.row('The mail server is away').getByRole('link', { name: 'Example' }).click();
    await page.getByRole('group', { name: "The app's frames" }).first().waitFor();
    expect(await clicks()).toBe(2);

    // Which customer is stuck?
    await overview();
    await page.getByRole('link', { name: 'idle', exact: true }).first().click();
    await page.getByRole('region', { name: 'Waiting longest' }).getByText('Grace').waitFor();
    expect(await clicks()).toBe(1);

    // Stop this, and tell whom?
    await overview();
    await fixture.row('default').getByRole('button', { name: 'Pause' }).click();
    await fixture.dialogButton('Pause').click();
    await fixture.row('default').getByRole('link', { name: '100 %' }).click();
    await page.getByRole('link', { name: 'The mail server is away' }).first().click();
    await fixture.row('customer: "Ada"').waitFor();
    expect(await clicks()).toBe(4);
  });
});
