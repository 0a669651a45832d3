import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { CHROMIUM, hasChromium } from './support/browser.js';
import { PageFixture } from './support/page-fixture.js';
import { HOSTILE_ERROR, HOSTILE_NAME } from './support/page-handlers.js';

describe.skipIf(!hasChromium)(`errors and crons on the page (needs ${CHROMIUM})`, () => {
  const fixture = new PageFixture();
  let page: Page;
  beforeEach(() => {
    ({ page } = fixture);
  });

  it('groups failures, leads to the tasks of a group and retries it whole', async () => {
    await fixture.failMany(12);
    await fixture.failed('break');
    await page.getByRole('link', { name: /^Errors/ }).click();
    const flaky = fixture.row('The mail server is away');
    await flaky.getByText('12', { exact: true }).waitFor();
    await flaky.getByRole('img', { name: '12 failures in the last 24 hours, 12 in this hour' }).waitFor();
    await expect.poll(() => flaky.locator('.spark rect.failed').count()).toBeGreaterThan(0);
    await flaky.getByText('new', { exact: true }).waitFor();
    await flaky.getByRole('link', { name: /The mail server is away/ }).click();
    await fixture.button('Leave out one group of errors').waitFor();
    await page.getByRole('link', { name: 'flaky' }).first().waitFor();
    await expect.poll(() => page.getByRole('link', { name: 'flaky' }).count()).toBe(12);
    await expect.poll(() => page.getByRole('link', { name: 'break' }).count()).toBe(0);

    await page.goBack();
    fixture.handlers.isBroken = false;
    await flaky.getByRole('button', { name: 'Retry all' }).click();
    await page.getByRole('dialog', { name: 'Retry: 12 tasks?' }).waitFor();
    await fixture.dialogButton('Retry 12').click();
    await page.getByText('Retry: 12 changed, 0 refused').waitFor();
    await flaky.waitFor({ state: 'detached' });
    // The other group is not touched.
    await fixture.row('Broken on purpose').waitFor();
    const { counts } = (await fixture.app.dispatcher.stats()).find(({ queue }) => queue === 'default')!;
    expect(counts.failed).toBe(1);
  });

  it('shows hostile names and messages of groups as text', async () => {
    await fixture.failed(HOSTILE_NAME);
    await fixture.open('#/errors');
    await page.getByRole('link', { name: HOSTILE_NAME, exact: true }).waitFor();
    await page.getByText(HOSTILE_ERROR.slice(0, 20)).waitFor();
    await expect.poll(() => page.locator('main img, main script').count()).toBe(0);
  });

  it('says in words when a cron runs, how its last runs ended and when the next are', async () => {
    fixture.handlers.isBroken = true;
    const { id } = await fixture.app.crons.trigger('broken-monthly');
    await fixture.app.reached(id, 'retryable');
    await fixture.open('#/crons');
    const monthly = fixture.row('broken-monthly');
    await monthly.getByText('At 02:30, on day 1 of the month').waitFor();
    await monthly.getByText('Europe/Paris').waitFor();
    await monthly.getByRole('button', { name: /^Next run/ }).click();
    await expect.poll(() => monthly.getByRole('listitem').count()).toBe(5);
    expect(await monthly.getByRole('listitem').first().textContent()).toMatch(
      / · 1 \w+ \d{4}, 02:30:00 in Europe\/Paris$/,
    );
    await monthly.getByRole('link', { name: /^retryable, / }).click();
    await page.getByText('The month is not over').first().waitFor();
  });

  it('pauses a cron, resumes it, and runs it now', async () => {
    await fixture.open('#/crons');
    const nightly = fixture.row('nightly');
    await nightly.getByText('At 03:00, every day').waitFor();
    await nightly.getByRole('button', { name: 'Pause' }).click();
    await fixture.dialogButton('Pause').click();
    await nightly.getByText('paused', { exact: true }).waitFor();
    expect(await fixture.app.crons.get('nightly')).toMatchObject({ paused: true });
    await nightly.getByRole('button', { name: 'Resume' }).click();
    await nightly.getByRole('button', { name: 'Pause' }).waitFor();
    await nightly.getByRole('button', { name: 'Run now' }).click();
    await fixture.dialogButton('Run now').click();
    await nightly.getByRole('link', { name: /^completed, .*took/ }).waitFor();
  });
});
