import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { until } from '../support/until.js';
import { CHROMIUM, hasChromium } from './support/browser.js';
import { PageFixture } from './support/page-fixture.js';

const TABS = 10;

/** What a person does with what the page says at night must be what was meant. */
describe.skipIf(!hasChromium)(`what the page says and does (needs ${CHROMIUM})`, () => {
  const fixture = new PageFixture();
  let page: Page;
  beforeEach(() => {
    ({ page } = fixture);
  });

  it(`is live in ${TABS} tabs of one browser, and goes on when the tab that told the others is closed`, async () => {
    // A context has six connections to a server, as a browser has.
    const context = await fixture.browser.newContext();
    const tabs: Page[] = [];
    for (let tab = 0; tab < TABS; tab += 1) {
      const opened = await context.newPage();
      await opened.goto(`${fixture.url}#/tasks?state=failed`);
      await opened.getByText('No tasks here.').waitFor();
      tabs.push(opened);
    }
    await fixture.failed('flaky');
    for (const tab of tabs) await tab.getByRole('link', { name: 'failed 1' }).waitFor();
    await tabs.shift()!.close();
    await fixture.failed('flaky');
    for (const tab of tabs) await tab.getByRole('link', { name: 'failed 2' }).waitFor();
    await context.close();
  });

  it('finds a task by its id at once, whatever else is asked of the list', async () => {
    const { id } = await fixture.failed('flaky');
    await fixture.failMany(3);
    await fixture.open(`#/tasks?search=${id}`);
    await page.getByRole('link', { name: 'flaky' }).waitFor();
    await expect.poll(() => page.locator('tbody tr').count()).toBe(1);
    await fixture.open(`#/tasks?search=${id}&state=completed`);
    await page.getByText('No tasks here.').waitFor();
  });

  it('says how far a search has come, and that there is nothing only at its end', async () => {
    let pages = 0;
    let goOn = (): void => undefined;
    await page.route(/api\/tasks\?/, async (route) => {
      pages += 1;
      if (pages === 3) await new Promise<void>((resolve) => (goOn = resolve));
      const answer = { items: [], looked: 20_000, nextCursor: pages < 5 ? `page${pages}` : null };
      await route.fulfill({ json: answer });
    });
    await fixture.open('#/tasks?search=needle');
    await page.getByText(/looked at 40,000/).waitFor();
    await expect.poll(() => page.getByText('No tasks here.').count()).toBe(0);
    goOn();
    await page.getByText('No tasks here.').waitFor();
    expect(pages).toBe(5);
  });

  it('asks about as many tasks as it will change, however many were counted', async () => {
    await fixture.failMany(7);
    // As an engine that has not counted all of them yet.
    await page.route(/api\/errors/, async (route) => {
      const answer = await route.fetch();
      const report = (await answer.json()) as { items: Array<{ count: number }> };
      for (const group of report.items) group.count = 2;
      await route.fulfill({ json: { ...report, looked: 2, complete: false } });
    });
    await fixture.open('#/errors');
    await page
      .getByText(/at least/i)
      .first()
      .waitFor();
    fixture.handlers.isBroken = false;
    await fixture.button('Retry all').click();
    await page.getByRole('dialog', { name: 'Retry: 7 tasks?' }).waitFor();
    await fixture.dialogButton('Retry 7').click();
    await page.getByText('Retry: 7 changed').waitFor();
    await page.unrouteAll({ behavior: 'wait' });
  });

  it('names every problem there is, and leads to each', async () => {
    await fixture.app.dispatcher.queueMany('idle', 'greet', [{}, {}, {}]);
    await fixture.failMany(4);
    await fixture.open('#/');
    const problems = page.getByRole('region', { name: 'Problems' });
    await problems.getByText('2 things need you').waitFor();
    const texts = await problems.getByRole('listitem').allTextContents();
    expect(texts).toEqual(['No process works on idle: 3 tasks waiting', 'default: 100 % failing (4 of 4 in 5 min)']);
    await problems.getByRole('link', { name: /^No process works on idle/ }).click();
    await page.waitForURL(/#\/tasks\?state=available&queue=idle/);
    await fixture.open('#/');
    await problems.getByRole('link', { name: /failing/ }).click();
    await page.waitForURL(/#\/errors\?queue=default/);
  });

  it('lets rows stand still under the pointer, and shows what is new when asked to', async () => {
    await fixture.failMany(5);
    await fixture.open('#/tasks');
    const rows = page.locator('tbody tr');
    await rows.nth(4).waitFor();
    const keys = (): Promise<Array<string | null>> =>
      rows.evaluateAll((all) => all.map((row) => row.getAttribute('data-key')));
    const before = await keys();
    await rows.nth(2).hover();
    await fixture.failMany(3);
    const news = page.getByRole('button', { name: /new/ });
    await news.waitFor();
    expect(await keys()).toEqual(before);
    await news.click();
    await until('the new rows to be there', async () => (await keys()).length === 8);
    expect((await keys()).slice(3)).toEqual(before);
  });

  it('keeps queues in their places under the pointer, and puts those in trouble first when it has left', async () => {
    const rows = page.locator('[aria-label="Queues"] tbody tr');
    await rows.nth(2).waitFor();
    const places = (): Promise<string[]> =>
      rows.evaluateAll((all) => all.map((row) => `${row.getAttribute('data-key')} ${row.getBoundingClientRect().top}`));
    const problems = page.getByRole('region', { name: 'Problems' });
    await problems.getByText('Nothing needs you').waitFor();
    await rows.nth(1).hover();
    const before = await places();
    expect(before[0]).toMatch(/^default/);
    await fixture.app.dispatcher.queueMany('idle', 'greet', [{}, {}, {}]);
    await fixture.failMany(4);
    await problems.getByText('2 things need you').waitFor();
    await fixture.row('idle').getByRole('link', { name: '3', exact: true }).waitFor();
    expect(await places()).toEqual(before);
    await page.mouse.move(1, 1);
    await problems.getByText('No process works on idle').waitFor();
    await until('the queue in trouble to be first', async () => (await places())[0]!.startsWith('idle'));
  });

  it('asks before it acts on a task, names which, and moves nothing with what it says then', async () => {
    const { id } = await fixture.failed('flaky', { to: 'Ada' });
    await fixture.open(`#/tasks/${id}`);
    const heading = page.getByRole('heading', { name: 'flaky failed' });
    await heading.waitFor();
    const place = await heading.boundingBox();
    await fixture.button('Retry').click();
    const dialog = page.getByRole('dialog', { name: /Retry.*flaky/ });
    await dialog.getByText(id).waitFor();
    await dialog.getByText('"Ada"').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect((await fixture.app.dispatcher.get(id)).attempts).toHaveLength(1);
    await fixture.button('Retry').click();
    await fixture.dialogButton('Retry').click();
    await page.getByText(/flaky/).first().waitFor();
    await until('its second attempt', async () => (await fixture.app.dispatcher.get(id)).attempts.length === 2);
    await heading.waitFor();
    expect(await heading.boundingBox()).toEqual(place);
  });
});
