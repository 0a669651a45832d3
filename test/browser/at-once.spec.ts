import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { CHROMIUM, hasChromium } from './support/browser.js';
import { PageFixture } from './support/page-fixture.js';

/** What a person does before the browser comes to what a drawn page leaves for later, as on a busy machine. */
describe.skipIf(!hasChromium)(`the page, used as soon as it is drawn (needs ${CHROMIUM})`, () => {
  const fixture = new PageFixture();
  let page: Page;
  beforeEach(async () => {
    ({ page } = fixture);
    await page.getByRole('heading', { name: 'Queues' }).waitFor();
  });

  /** Goes there, and does that as soon as the page has drawn what it looks for. */
  const goAnd = (hash: string, sought: string, does: string): Promise<void> =>
    page.evaluate(`new Promise((done) => {
      const drawn = () => {
        const element = document.querySelector(${JSON.stringify(sought)});
        if (!element) return;
        observer.disconnect();
        (${does})(element);
        done();
      };
      const observer = new MutationObserver(drawn);
      observer.observe(document.body, { subtree: true, childList: true, attributes: true });
      location.hash = ${JSON.stringify(hash)};
    })`);
  const WRITE = `(field) => {
    field.value = 'Grace';
    field.dispatchEvent(new Event('input', { bubbles: true }));
  }`;
  const search = (): Promise<string> => page.getByRole('searchbox', { name: 'search' }).inputValue();

  it('keeps what is written into a filter', async () => {
    await goAnd('#/tasks', '[name=search]', WRITE);
    // What was left for later has been done when this is there.
    await page.getByText('No tasks here.').waitFor();
    expect(await search()).toBe('Grace');
  });

  it('keeps what is written into a filter while another state is chosen', async () => {
    await fixture.open('#/tasks');
    await page.getByText('No tasks here.').waitFor();
    await goAnd(
      '#/tasks?state=failed',
      'main [aria-current=page][href*=failed]',
      `() => (${WRITE})(document.querySelector('[name=search]'))`,
    );
    await page.getByText('No tasks here.').waitFor();
    expect(await search()).toBe('Grace');
  });

  it('opens a menu with what is in it', async () => {
    await fixture.failed('flaky');
    await goAnd('#/tasks', '.list-tools .menu > button', '(opener) => opener.click()');
    await page.getByRole('group').getByText('Waited').waitFor();
  });

  it('goes where a name leads that the app has not told yet', async () => {
    let tell = (): void => undefined;
    const told = new Promise<void>((resolve) => (tell = resolve));
    await page.route('**/api/handlers', async (route) => {
      await told;
      await route.continue();
    });
    const field = page.getByRole('combobox', { name: 'Go to' });
    await expect.poll(async () => (await page.keyboard.press('Control+k'), field.isVisible())).toBe(true);
    await field.fill('sign_up');
    await page.getByRole('option', { name: 'sign_up task by id' }).waitFor();
    await page.keyboard.press('Enter');
    tell();
    await page.waitForURL(/#\/names\/sign_up/);
  });

  it('asks again after an answer by Escape, whenever the browser says that the dialog is closed', async () => {
    await page.evaluate(`addEventListener('close', (event) => event.stopImmediatePropagation(), true)`);
    const question = page.getByRole('dialog', { name: 'Pause emails?' });
    await fixture.row('emails').getByRole('button', { name: 'Pause' }).focus();
    // Whoever went back is where they were.
    for (const back of ['Escape', 'Escape', 'Enter']) {
      await page.keyboard.press('Enter');
      await question.waitFor();
      await page.keyboard.press(back);
      await question.waitFor({ state: 'detached' });
    }
    await page.keyboard.press('Enter');
    await fixture.dialogButton('Pause').click();
    await page.getByText('Paused: emails').waitFor();
  });
});
