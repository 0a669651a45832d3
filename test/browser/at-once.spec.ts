import type { Locator, Page } from 'playwright-core';
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

  /** Holds the app's answers back until it is called. */
  const held = async (url: string): Promise<() => void> => {
    let tell = (): void => undefined;
    const told = new Promise<void>((resolve) => (tell = resolve));
    await page.route(url, async (route) => {
      await told;
      await route.continue();
    });
    return tell;
  };

  it('filters by what a part of a name means, which the app has not told yet', async () => {
    const tell = await held('**/api/handlers');
    await fixture.open('#/tasks');
    const field = page.getByRole('main').locator('[name=name]');
    await field.fill('gn_u');
    await field.press('Enter');
    tell();
    await page.waitForURL(/#\/tasks\?name=sign_up$/);
  });

  it('keeps a time that was written and not sent while another state is chosen', async () => {
    await fixture.open('#/tasks');
    await page.getByRole('combobox', { name: 'Enqueued' }).selectOption('between');
    await page.getByLabel('Enqueued from').fill('2026-01-02T03:04:05');
    await page.locator('main a[href*="state=failed"]').first().click();
    await page.waitForURL(/state=failed/);
    await expect.poll(() => page.getByLabel('Enqueued from').inputValue()).toBe('2026-01-02T03:04:05');
    await page.waitForURL(/from=\d+/);
  });

  it('leads nobody to a task who has gone elsewhere before it was enqueued', async () => {
    const tell = await held('**/api/tasks');
    await fixture.open('#/enqueue?name=family');
    await page.getByRole('heading', { name: 'Enqueue a task' }).waitFor();
    await fixture.button('Enqueue').click();
    await page.getByRole('link', { name: 'Crons' }).click();
    await page.getByRole('heading', { name: 'Crons' }).waitFor();
    tell();
    await page.getByText('Enqueued: family').waitFor();
    expect(page.url()).toContain('#/crons');
  });

  it('says what is wrong with a task beside the form that is another’s by then', async () => {
    const tell = await held('**/api/tasks');
    await fixture.open('#/enqueue?name=sign_up');
    await fixture.button('Enqueue').click();
    await page.getByLabel('Task', { exact: true }).selectOption('family');
    await page.getByRole('textbox', { name: 'Params (JSON)' }).fill('{"mine":1}');
    tell();
    await page.getByText(/^sign_up: /).waitFor();
    expect(await page.getByRole('textbox', { name: 'Params (JSON)' }).inputValue()).toBe('{"mine":1}');
    expect(await page.locator('[aria-invalid=true]').count()).toBe(0);
  });

  it('closes no other dialog than that of the task which was enqueued', async () => {
    const { id } = await fixture.failed('flaky', { first: 1 });
    const tell = await held('**/api/tasks');
    await fixture.open(`#/tasks/${id}`);
    await fixture.button('Run again with …').click();
    await fixture.dialogButton('Enqueue').click();
    await page.keyboard.press('Escape');
    await fixture.button('Run again with …').click();
    await page.getByLabel('Params (JSON)').fill('{"second":2}');
    tell();
    await page.getByText('Enqueued: flaky').waitFor();
    expect(await page.getByLabel('Params (JSON)').inputValue()).toBe('{"second":2}');
  });

  it('leaves chosen what was chosen while the tasks before were retried', async () => {
    await fixture.failMany(2);
    fixture.handlers.isBroken = false;
    const tell = await held('**/api/tasks/bulk');
    await fixture.open('#/tasks');
    const boxes = page.getByRole('checkbox', { name: /^Choose flaky/ });
    await boxes.first().check();
    await fixture.button('Retry selected').click();
    await fixture.dialogButton('Retry 1').click();
    await boxes.last().check();
    tell();
    await page.getByText('Retry: 1 changed, 0 refused').waitFor();
    await page.getByText('1 chosen').waitFor();
    expect(await boxes.last().isChecked()).toBe(true);
  });

  /** What the browser makes of a click that comes right after another one. */
  const clickAgain = async (at: Locator): Promise<void> => {
    const { x, y, width, height } = (await at.boundingBox())!;
    await page.mouse.move(x + width / 2, y + height / 2);
    await page.mouse.down({ clickCount: 2 });
    await page.mouse.up({ clickCount: 2 });
  };

  it('takes the second click of a double one for no answer to the question that the first asks', async () => {
    await fixture.row('emails').getByRole('button', { name: 'Pause' }).click();
    await clickAgain(fixture.dialogButton('Pause'));
    await fixture.dialogButton('Go back').click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect((await fixture.app.dispatcher.stats()).some(({ paused }) => paused)).toBe(false);
  });

  it('presses with the second click on an answer nothing that lay under the question', async () => {
    await fixture.row('emails').getByRole('button', { name: 'Pause' }).click();
    await fixture.dialogButton('Pause').click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await clickAgain(fixture.row('emails').getByRole('link', { name: 'emails' }));
    await page.getByText('Paused: emails').waitFor();
    expect(page.url()).not.toContain('#/queues/');
  });
});
