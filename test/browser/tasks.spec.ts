import type { Locator, Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { CHROMIUM, hasChromium } from './support/browser.js';
import { PageFixture } from './support/page-fixture.js';

describe.skipIf(!hasChromium)(`many tasks on the page (needs ${CHROMIUM})`, () => {
  const fixture = new PageFixture({ tasks: { workers: { default: 40, idle: 0 } } });
  let page: Page;
  beforeEach(() => {
    ({ page } = fixture);
  });
  const names = (): Promise<string[]> => page.locator('tbody a.name').allTextContents();

  it('retries 5,000 failed tasks at once', async () => {
    const total = 5_000;
    const rows = Array.from({ length: total }, (_, n) => ({ n }));
    const tasks = await fixture.app.dispatcher.queueMany('default', 'flaky', rows);
    await fixture.app.reached(tasks.at(-1)!.id, 'failed');
    await fixture.open('#/tasks?state=failed');
    await page.getByRole('link', { name: 'failed 5,000' }).waitFor({ timeout: 60_000 });
    await page.getByRole('checkbox').first().check();
    await fixture.button('Select all that match').click();
    fixture.handlers.isBroken = false;
    await fixture.button('Retry selected').click();
    await page.getByRole('dialog', { name: 'Retry: 5,000 tasks?' }).waitFor();
    await fixture.dialogButton('Retry 5,000').click();
    await page.getByText('Retry: 5,000 changed, 0 refused').waitFor({ timeout: 60_000 });
    await page.getByRole('link', { name: 'completed 5,000' }).waitFor({ timeout: 60_000 });
    await page.getByText('No tasks here.').waitFor();
  }, 150_000);

  it('lists from either end, page by page', async () => {
    const rows = Array.from({ length: 120 }, (_, n) => ({ n }));
    const tasks = await fixture.app.dispatcher.queueMany('idle', 'greet', rows);
    await fixture.open('#/tasks');
    await page.locator('tbody tr').first().waitFor();
    const first = (): Promise<string | null> => page.locator('tbody tr').first().getAttribute('data-key');
    expect(await first()).toBe(tasks.at(-1)!.id);
    await page.getByRole('combobox', { name: 'Order' }).selectOption('oldest first');
    await page.locator(`tbody tr:first-child[data-key="${tasks[0]!.id}"]`).waitFor();
    expect(page.url()).toContain('order=oldest');
    await expect.poll(() => page.locator('tbody tr').count()).toBe(50);
    await fixture.button('Show more').click();
    await page.locator('tbody tr').nth(99).waitFor();
    await fixture.button('Show more').click();
    await page.locator('tbody tr').nth(119).waitFor();
    await fixture.button('Show more').waitFor({ state: 'hidden' });
  });

  it('narrows to a span of time, by a link that says so', async () => {
    await fixture.app.dispatcher.queue('idle', 'greet', {});
    await fixture.open('#/tasks');
    await page.locator('tbody tr').first().waitFor();
    await page.getByRole('combobox', { name: 'Enqueued' }).selectOption('last hour');
    await page.waitForURL(/within=1h/);
    await page.locator('tbody tr').first().waitFor();
    expect(await names()).toEqual(['greet']);
    await page.getByRole('combobox', { name: 'Enqueued' }).selectOption('between …');
    await page.getByLabel('Enqueued from').fill('2020-01-01T00:00:00');
    await page.getByLabel('Enqueued before').fill('2020-01-02T00:00:00');
    await fixture.button('Filter').click();
    await page.getByText('No tasks here.').waitFor();
    await page.reload();
    expect(await page.getByLabel('Enqueued before').inputValue()).toBe('2020-01-02T00:00');
    await page.getByText('No tasks here.').waitFor();
  });

  it('takes a cancellation back where the task waited, of one and of several', async () => {
    const [first, second] = await fixture.app.dispatcher.queueMany('idle', 'greet', [{ n: 1 }, { n: 2 }]);
    await fixture.open(`#/tasks/${first!.id}`);
    await fixture.button('Cancel').click();
    await fixture.dialogButton('Cancel').click();
    // It is there once the task is cancelled, and for a while.
    await fixture.button('Undo').click();
    await fixture.app.reached(first!.id, 'available');
    await fixture.open('#/tasks?queue=idle');
    for (const { id } of [first!, second!]) await page.getByRole('checkbox', { name: `Choose greet ${id}` }).check();
    await fixture.button('Cancel selected').click();
    await fixture.dialogButton('Cancel 2').click();
    await fixture.button('Undo').click();
    for (const { id } of [first!, second!])
      expect(await fixture.app.reached(id, 'available')).toMatchObject({ attempt: 0 });
  });

  it('finds what was chosen again by going back, and nothing chosen on another way', async () => {
    const tasks = await fixture.app.dispatcher.queueMany('idle', 'greet', [{ n: 1 }, { n: 2 }]);
    await fixture.open('#/tasks?queue=idle');
    const box = page.getByRole('checkbox', { name: `Choose greet ${tasks[0]!.id}` });
    await box.check();
    await page.locator(`[data-key="${tasks[1]!.id}"] a.name`).click();
    await page.getByRole('heading', { name: 'greet available' }).waitFor();
    await page.goBack();
    await page.getByText('1 chosen').waitFor();
    expect(await box.isChecked()).toBe(true);
    await page.getByRole('link', { name: 'greet' }).first().click();
    await page.getByRole('heading', { name: 'greet available' }).waitFor();
    await page
      .getByRole('navigation', { name: 'Pages' })
      .getByRole('link', { name: /^Tasks/ })
      .click();
    await box.waitFor();
    expect(await box.isChecked()).toBe(false);
  });

  it('shows progress while a task runs', async () => {
    const { id } = await fixture.app.dispatcher.queue('default', 'progress', { files: ['a.csv'] });
    await fixture.app.reached(id, 'running');
    await fixture.open(`#/tasks/${id}`);
    await page.getByText('10 % 10 rows').waitFor();
    const params = page.getByRole('region', { name: 'Params' });
    await params.locator('summary').first().click();
    await params.locator('.json-key').first().waitFor({ state: 'detached' });
    fixture.handlers.report(60);
    await page.getByText('60 % 60 rows').waitFor();
    const bar = page.getByRole('progressbar');
    expect(await bar.getAttribute('value')).toBe('60');
    await page.emulateMedia({ forcedColors: 'active' });
    const [done, left] = await coloursAlong(bar, [0.3, 0.9]);
    expect(done).not.toBe(left);
    await page.emulateMedia({ forcedColors: 'none' });
    // What a person closed stays closed meanwhile.
    await expect.poll(() => params.locator('.json-key').count()).toBe(0);
    fixture.handlers.report(100);
    await page.getByRole('heading', { name: 'progress completed' }).waitFor();
  });

  it('leads to what a task enqueued, and back to what enqueued it', async () => {
    const { id } = await fixture.completed('family');
    await fixture.open(`#/tasks/${id}`);
    const related = page.getByRole('region', { name: 'Related tasks' });
    await related.getByRole('listitem').nth(1).waitFor();
    // The child in the queue without workers waits.
    await related.getByRole('listitem').filter({ hasText: 'available' }).getByRole('link').click();
    await page.getByRole('heading', { name: 'greet available' }).waitFor();
    await page.getByText('"the second child"').waitFor();
    await related.getByRole('link', { name: id }).click();
    await page.getByRole('heading', { name: 'family completed' }).waitFor();
  });
});

/** The colours that are seen at these shares of an element's width, half-way down. */
async function coloursAlong(element: Locator, shares: readonly number[]): Promise<string[]> {
  const picture = (await element.screenshot()).toString('base64');
  return element.page().evaluate<string[]>(`(async () => {
    const image = await createImageBitmap(new Blob([Uint8Array.from(atob('${picture}'), (char) => char.charCodeAt(0))]));
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    return ${JSON.stringify(shares)}.map((share) =>
      context.getImageData(Math.floor(share * image.width), Math.floor(image.height / 2), 1, 1).data.join());
  })()`);
}
