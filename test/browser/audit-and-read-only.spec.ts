import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { CHROMIUM, hasChromium, openTab } from './support/browser.js';
import { PageFixture } from './support/page-fixture.js';
import { AdminApp } from '../admin/support/admin-app.js';
import { PageHandlers } from './support/page-handlers.js';

const HOSTILE_USER = '<b onclick=alert(5)>ada</b>\u202E';

describe.skipIf(!hasChromium)(`who may do what on the page (needs ${CHROMIUM})`, () => {
  const fixture = new PageFixture({
    tasks: { workers: { default: 4, idle: 0 }, admin: { user: () => HOSTILE_USER } },
  });
  let page: Page;
  beforeEach(() => {
    ({ page } = fixture);
  });

  it('keeps who did what, and leads to what it was done to', async () => {
    const { id } = await fixture.failed('flaky');
    await fixture.open(`#/tasks/${id}`);
    fixture.handlers.isBroken = false;
    await fixture.button('Retry').click();
    await fixture.dialogButton('Retry').click();
    await page.getByRole('heading', { name: 'flaky completed' }).waitFor();
    await fixture.open('#/');
    await fixture.row('idle').getByRole('button', { name: 'Pause' }).click();
    await fixture.dialogButton('Pause').click();
    await page.getByText('Paused: idle').waitFor();
    await page.getByRole('link', { name: 'Audit' }).click();
    await fixture.row('Pause queue').getByText('idle').waitFor();
    const retry = fixture.row('Retry');
    // As text, whatever the name of a user is.
    await retry.getByText(HOSTILE_USER).waitFor();
    await expect.poll(() => page.locator('main [onclick]').count()).toBe(0);
    const actions = await page.locator('tbody tr td:nth-child(3)').allInnerTexts();
    expect(actions).toEqual(['Pause queue', 'Retry']);
    await retry.getByRole('link', { name: id }).click();
    await page.getByRole('heading', { name: 'flaky completed' }).waitFor();
  });

  it('leaves out what it may not change where it is read-only', async () => {
    const app = await AdminApp.start({
      tasks: { workers: { default: 4 }, admin: { readOnly: true } },
      providers: [PageHandlers],
    });
    const { id } = await app.dispatcher.queue('default', 'flaky', { to: 'Ada' });
    await app.reached(id, 'failed');
    const tab = await openTab(fixture.browser, `${app.origin}/admin/tasks`);
    const forbidden = tab.page.getByRole('button', {
      name: /^(Pause|Resume|Retry\b|Delete|Run (now|again)|Cancel|Enqueue( here)?$)/,
    });
    await tab.page.getByText('read-only', { exact: true }).waitFor();
    for (const [hash, seen] of [
      ['#/', 'default'],
      ['#/tasks', 'flaky'],
      [`#/tasks/${id}`, 'PageHandlers.flaky'],
      ['#/errors', 'The mail server is away'],
      ['#/crons', 'nightly'],
    ] as const) {
      await tab.page.goto(`${app.origin}/admin/tasks${hash}`);
      await tab.page.locator('main').getByText(seen).filter({ visible: true }).first().waitFor();
      expect(await forbidden.count(), hash).toBe(0);
      expect(await tab.page.locator('tbody').getByRole('checkbox').count(), hash).toBe(0);
      expect(await tab.page.getByRole('link', { name: 'Enqueue' }).count(), hash).toBe(0);
    }
    await tab.page.goto(`${app.origin}/admin/tasks#/enqueue`);
    await tab.page.getByText('The panel is read-only.').waitFor();
    await tab.page.close();
    await app.stop();
    expect(tab.wrong).toEqual([]);
  });
});
