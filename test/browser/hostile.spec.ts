import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import type { AdminApp } from '../admin/support/admin-app.js';
import { CHROMIUM, hasChromium } from './support/browser.js';
import { PageFixture } from './support/page-fixture.js';
import { HOSTILE_ERROR, HOSTILE_NAME, HOSTILE_RUNNING } from './support/page-handlers.js';

describe.skipIf(!hasChromium)(`hostile tasks on the page (needs ${CHROMIUM})`, () => {
  const fixture = new PageFixture();
  let app: AdminApp;
  let page: Page;
  beforeEach(() => {
    ({ app, page } = fixture);
  });

  it('has a policy that refuses to read text as HTML, which this suite notices', async () => {
    await page.getByRole('heading', { name: 'Queues' }).waitFor();
    const told = page.waitForEvent('console', (message) => message.type() === 'error');
    const markup = page.evaluate(`document.body.innerHTML = '<img src=x onerror=alert(1)>'`);
    await expect(markup).rejects.toThrow(/Trusted/);
    await told;
    expect(fixture.tab.wrong.splice(0).join()).toContain('policy: ');
  });

  it('shows hostile names, errors and params as text', async () => {
    let deep: object = { end: '<svg onload=alert(4)>' };
    for (let level = 0; level < 190; level++) deep = { deep };
    const markup = '"><script>alert(3)</script>';
    const { id } = await fixture.failed(HOSTILE_NAME, {
      html: markup,
      rtl: '\u202Eabc\u0000\u001b[31m',
      [markup]: 1,
      deep,
    });
    await page.goto(`${app.origin}/admin/tasks#/tasks?state=failed`);
    await page.getByRole('link', { name: HOSTILE_NAME, exact: true }).click();
    await page.waitForURL(new RegExp(id));
    await page.getByText('<script>alert(3)</script>').first().waitFor();
    await page.getByText(HOSTILE_ERROR.slice(0, 20)).first().waitFor();
    await expect.poll(() => page.locator('main img, main svg[onload], main script').count()).toBe(0);
  });

  it('shows what a hostile task is called, says and logs as text, wherever it is named', async () => {
    const { id } = await app.dispatcher.queue('default', HOSTILE_RUNNING, {});
    await app.reached(id, 'running');
    const places: ReadonlyArray<readonly [string, string]> = [
      ['#/', HOSTILE_RUNNING],
      [`#/tasks/${id}`, HOSTILE_ERROR.slice(0, 20)],
      ['#/enqueue', HOSTILE_RUNNING],
    ];
    for (const [hash, text] of places) {
      await fixture.open(hash);
      await page.locator('main').getByText(text).first().waitFor({ state: 'attached' });
      expect(await page.locator('main img, main script').count(), hash).toBe(0);
    }
    await fixture.open(`#/tasks?name=${encodeURIComponent(HOSTILE_RUNNING)}&error=${encodeURIComponent(HOSTILE_NAME)}`);
    await page.getByText('No tasks here.').waitFor();
    fixture.handlers.finish();
    await app.reached(id, 'completed');
  });
});
