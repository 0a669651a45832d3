import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { until } from '../support/until.js';
import { CHROMIUM, hasChromium } from './support/browser.js';
import { PageFixture } from './support/page-fixture.js';

/** No part of a page is further away than so many stops. */
const MAX_STOPS = 60;

/** A pointer is never used here. */
describe.skipIf(!hasChromium)(`the page by keyboard alone (needs ${CHROMIUM})`, () => {
  const fixture = new PageFixture();
  let page: Page;
  beforeEach(async () => {
    ({ page } = fixture);
    await page.getByRole('heading', { name: 'Queues' }).waitFor();
  });

  const focused = (): Promise<string> =>
    page.evaluate(`(() => {
      const { activeElement: at } = document;
      return at.getAttribute('aria-label') ?? at.textContent.trim();
    })()`);
  /** Presses Tab until something has the focus that is called so. */
  const tabTo = async (name: string | RegExp): Promise<void> => {
    const seen: string[] = [];
    for (let stop = 0; stop < MAX_STOPS; stop += 1) {
      await page.keyboard.press('Tab');
      const text = await focused();
      if (typeof name === 'string' ? text === name : name.test(text)) return;
      seen.push(text);
    }
    expect.fail(`Nothing called ${String(name)} among ${seen.join(' | ')}`);
  };
  const press = async (...keys: readonly string[]): Promise<void> => {
    for (const key of keys) await page.keyboard.press(key);
  };

  it('leads from a problem to its end', async () => {
    await fixture.failMany(4);
    await page.getByRole('region', { name: 'Problems' }).getByText('100 % failing').waitFor();
    await tabTo(/^default: 100 % failing/);
    await press('Enter');
    await page.getByText('Only queue default.').waitFor();
    await fixture.row('The mail server is away').waitFor();
    await press('j');
    await tabTo('Example');
    await press('Enter');
    await page.getByRole('heading', { name: 'flaky failed' }).waitFor();
    await tabTo('see the group');
    await press('Enter');
    await expect.poll(() => page.locator('tbody tr').count()).toBe(4);

    // Three of them are chosen, the last by a range, and run again; who changes their mind is back where they were.
    await press('j', 'x', 'j', 'j', 'X');
    await page.getByText('3 chosen').waitFor();
    await press('b');
    await tabTo('Retry selected');
    fixture.handlers.isBroken = false;
    await press('Enter');
    await page.getByRole('dialog', { name: 'Retry: 3 tasks?' }).waitFor();
    await press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await expect.poll(focused).toBe('Retry selected');
    await press('Enter');
    await page.getByRole('dialog').waitFor();
    await tabTo('Retry 3');
    await press('Enter');
    await page.getByText('Retry: 3 changed, 0 refused').waitFor();
  });

  it('stops a queue that it goes to by name, and takes that back', async () => {
    const field = page.getByRole('combobox', { name: 'Go to' });
    await expect.poll(async () => (await press('Control+k'), field.isVisible())).toBe(true);
    await page.keyboard.type('emai');
    await page
      .getByRole('option', { name: /^emails/ })
      .first()
      .waitFor();
    await press('Enter');
    await page.getByRole('heading', { name: 'emails' }).waitFor();
    await tabTo('Pause');
    await press('Enter');
    await page.getByRole('dialog', { name: 'Pause emails?' }).waitFor();
    await tabTo('Pause');
    await press('Enter');
    await page.getByText('Paused: emails').waitFor();
    const isPaused = async (): Promise<boolean> =>
      (await fixture.app.dispatcher.stats()).find(({ queue }) => queue === 'emails')!.paused;
    expect(await isPaused()).toBe(true);
    await tabTo('Undo');
    await press('Enter');
    await until('the queue to go on', async () => !(await isPaused()));
  });

  it('takes what is written before the field for it is there', async () => {
    // The page may not yet listen to keys.
    const isTaken = (): Promise<boolean> =>
      page.evaluate(`(() => {
        const press = (key, more) =>
          !document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }));
        if (!press('k', { ctrlKey: true })) return false;
        // By itself, the first letter would lead to the form for a new task.
        return ${JSON.stringify([...'nightlx', 'Backspace', 'y', 'Enter'])}.every((key) => press(key));
      })()`);
    await expect.poll(isTaken).toBe(true);
    await page.waitForURL(/#\/(crons|names\/nightly)/);
  });

  it('never has the focus under the head of the page', async () => {
    await fixture.failMany(30);
    await page.setViewportSize({ width: 1_280, height: 500 });
    const isCovered = (): Promise<string | null> =>
      page.evaluate(`(() => {
        const { activeElement: at } = document;
        const head = document.querySelector('header').getBoundingClientRect().bottom;
        const { top } = at.getBoundingClientRect();
        return at.closest('main') && at.id !== 'main' && top < head ? at.outerHTML.slice(0, 80) + ' at ' + top : null;
      })()`);
    await fixture.open('#/enqueue?name=sign_up');
    await page.getByLabel('Priority').focus();
    const covered: Array<string | null> = [];
    for (let stop = 0; stop < 20; stop += 1) {
      await press('Shift+Tab');
      covered.push(await isCovered());
    }
    await fixture.open('#/tasks?state=failed');
    await page.getByRole('checkbox').nth(29).focus();
    for (let row = 0; row < 29; row += 1) {
      await press('k');
      covered.push(await isCovered());
    }
    expect(covered.filter((one) => one !== null)).toEqual([]);
  });

  it('opens and leaves the menu of a row, and reads the charts', async () => {
    await fixture.failed('flaky', { to: 'Ada' });
    await press('g', 'f');
    await fixture.row('Ada').waitFor();
    await press('j');
    await tabTo(/^Actions on flaky/);
    await press('Enter');
    await page.getByRole('button', { name: 'Delete' }).waitFor();
    await press('Escape');
    await page.getByRole('button', { name: 'Delete' }).waitFor({ state: 'detached' });
    await press('g', 'o');
    await page.locator('.chart canvas').first().waitFor();
    await tabTo(/^Tasks over time/);
    await press('ArrowLeft');
    await page
      .getByRole('status')
      .filter({ hasText: '0 completed, 1 failed' })
      .or(page.getByText(/: 0 completed, 1 failed/))
      .first()
      .waitFor();
    await press('Enter');
    await page.waitForURL(/from=\d+&to=\d+/);
    await fixture.row('Ada').waitFor();
  });
});
