import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import type { AdminApp } from '../admin/support/admin-app.js';
import { CHROMIUM, hasChromium } from './support/browser.js';
import { PageFixture } from './support/page-fixture.js';

describe.skipIf(!hasChromium)(`the overview (needs ${CHROMIUM})`, () => {
  const fixture = new PageFixture();
  let app: AdminApp;
  let page: Page;
  beforeEach(() => {
    ({ app, page } = fixture);
  });

  it('draws how many tasks completed and failed, over the window in the link', async () => {
    await fixture.failMany(3);
    const { id } = await app.dispatcher.queue('default', 'greet', {});
    await app.reached(id, 'completed');
    await page.goto(`${app.origin}/admin/tasks#/?window=24h`);
    await page.reload();
    await page.getByRole('img', { name: /1 completed, 3 failed/ }).waitFor();
    expect(await page.locator('svg rect.failed').count()).toBeGreaterThan(0);
    await fixture.failed('flaky');
    await page.getByRole('img', { name: /1 completed, 4 failed/ }).waitFor();
    expect(await fixture.button('Last day').getAttribute('aria-pressed')).toBe('true');
    await fixture.button('Last hour').click();
    await page.waitForURL(/window=1h/);
    await page.locator('[aria-pressed=true]', { hasText: 'Last hour' }).waitFor();
  });

  it('draws one queue, and how long its tasks waited and ran', async () => {
    await fixture.failMany(2);
    await app.reached((await app.dispatcher.queue('emails', 'greet', {})).id, 'completed');
    await page.reload();
    await page.getByLabel('Queue of the chart').selectOption('emails');
    await page.getByRole('img', { name: /1 completed, 0 failed/ }).waitFor();
    await page.getByLabel('What the chart shows').selectOption('Running time');
    await page.getByRole('img', { name: /^Running time over time: p95 at most/ }).waitFor();
    expect(await page.locator('svg rect.half').count()).toBeGreaterThan(0);
    expect(page.url()).toContain('measure=running&queue=emails');
    await page.reload();
    await page.getByRole('img', { name: /^Running time/ }).waitFor();
    expect(await page.getByLabel('Queue of the chart').inputValue()).toBe('emails');
  });

  it('pauses a queue and resumes it', async () => {
    const paused = async (): Promise<boolean> =>
      (await app.dispatcher.stats()).find(({ queue }) => queue === 'default')!.paused;
    const row = page.getByRole('row').filter({ hasText: 'default' });
    await row.getByRole('button', { name: 'Pause' }).click();
    await row.getByText('paused', { exact: true }).waitFor();
    expect(await paused()).toBe(true);
    await row.getByRole('button', { name: 'Resume' }).click();
    await row.getByRole('button', { name: 'Pause' }).waitFor();
    expect(await paused()).toBe(false);
  });

  it('leads from the overview to why tasks fail in three clicks', async () => {
    await fixture.failed('flaky', { to: 'Ada' });
    await page.reload();
    await fixture.row('default').getByRole('link', { name: '100 %' }).click();
    await page.getByText('Only queue default.').waitFor();
    await fixture.row('The mail server is away').getByRole('link', { name: 'Example' }).click();
    await page.getByRole('group', { name: "The app's frames" }).first().waitFor();
  });
});
