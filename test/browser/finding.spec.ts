import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { until } from '../support/until.js';
import { CHROMIUM, hasChromium } from './support/browser.js';
import { PageFixture } from './support/page-fixture.js';

describe.skipIf(!hasChromium)(`the way to what a person looks for (needs ${CHROMIUM})`, () => {
  const fixture = new PageFixture();
  let page: Page;
  beforeEach(() => {
    ({ page } = fixture);
  });
  const goTo = async (text: string): Promise<void> => {
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Go to' }).fill(text);
  };
  const names = (): Promise<string[]> => page.locator('tbody td.c-name').allInnerTexts();

  it('goes by Ctrl K to a task by its id, to a queue, to a name and to a page', async () => {
    const { id } = await fixture.failed('flaky');
    await page.getByRole('region', { name: 'Problems' }).waitFor();
    await goTo(id);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'flaky failed' }).waitFor();
    expect(await page.title()).toContain(id.slice(-6));
    await goTo('emai');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'emails' }).waitFor();
    await goTo('flak');
    await page.getByRole('option', { name: 'flaky task' }).click();
    await page.getByRole('heading', { name: 'flaky' }).waitFor();
    await page.getByRole('region', { name: 'Errors' }).getByRole('link', { name: 'The mail server is away' }).waitFor();
    await goTo('audi');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Audit' }).waitFor();
    await goTo('anything');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('shows the tags of a task, each leading to the tasks that have it', async () => {
    const later = (tags: Record<string, string>) =>
      fixture.app.dispatcher.queueIn('default', '1h', 'greet', {}, { tags });
    const { id } = await later({ customer: '42', product: 'a, b' });
    await later({ customer: '43' });
    await fixture.open(`#/tasks/${id}`);
    await page.getByRole('link', { name: 'product: a, b' }).click();
    await page.getByRole('button', { name: 'Leave out product: a, b' }).waitFor();
    await until('one task', async () => (await names()).length === 1);
    await page.getByRole('searchbox', { name: 'tag' }).fill('product:a, b, customer:43');
    await page.getByRole('button', { name: 'Filter', exact: true }).click();
    await page.getByRole('button', { name: 'Leave out customer: 43' }).waitFor();
    await until('no task has both', async () => (await names()).length === 0);
    await page.getByRole('button', { name: 'Leave out product: a, b' }).click();
    await until('the other task', async () => (await names()).length === 1);
    await page.getByRole('row').getByRole('link', { name: 'customer: 43' }).waitFor();
  });

  it('puts rows in order by a column, and shows the columns that were chosen', async () => {
    await fixture.completed('greet');
    await fixture.failed('break');
    await fixture.failed('flaky', { to: 'Ada' });
    await fixture.open('#/tasks');
    await fixture.row('to: "Ada"').waitFor();
    expect(await names()).toEqual(['flaky', 'break', 'greet']);
    await fixture.button('Task').click();
    await until('rows by name', async () => (await names()).join() === 'greet,flaky,break');
    await fixture.button('Task').click();
    await until('rows by name', async () => (await names()).join() === 'break,flaky,greet');
    expect(page.url()).toContain('sort=name');
    await fixture.button('Columns').click();
    await page.getByRole('checkbox', { name: 'Priority' }).check();
    await page.getByRole('checkbox', { name: 'Attempt' }).uncheck();
    // Pressed again, it is closed.
    await fixture.button('Columns').click();
    await page.getByRole('checkbox', { name: 'Attempt' }).waitFor({ state: 'detached' });
    await page.getByRole('columnheader', { name: 'Priority' }).waitFor();
    await page.reload();
    await page.getByRole('columnheader', { name: 'Priority' }).waitFor();
    await expect.poll(() => page.getByRole('columnheader', { name: 'Attempt' }).count()).toBe(0);
  });

  it('keeps a filter by its name, and takes parts of it away', async () => {
    await fixture.failMany(2);
    await fixture.failed('break');
    await fixture.open('#/tasks?state=failed&name=flaky');
    await until('the failures of one name', async () => (await names()).length === 2);
    await fixture.button('Saved filters').click();
    await fixture.button('Save: failed, task flaky').click();
    await fixture.button('Leave out task flaky').click();
    await until('all failures', async () => (await names()).length === 3);
    await page.reload();
    await fixture.button('Saved filters').click();
    await page.getByRole('link', { name: 'failed, task flaky' }).click();
    await until('the failures of one name', async () => (await names()).length === 2);
  });

  it('narrows to several states and names at once, and takes each away alone', async () => {
    await fixture.failMany(2);
    await fixture.failed('break');
    await fixture.completed('greet');
    await fixture.open('#/tasks?state=failed');
    await expect.poll(async () => (await names()).length).toBe(3);
    await fixture.button('Also completed').click();
    await expect.poll(async () => (await names()).length).toBe(4);
    expect(await page.getByRole('navigation', { name: 'States' }).locator('a[aria-current]').count()).toBe(2);
    const field = page.getByLabel('name', { exact: true });
    await field.fill('break, greet');
    await field.press('Enter');
    await expect.poll(async () => (await names()).toSorted().join()).toBe('break,greet');
    await fixture.button('Without completed').click();
    await expect.poll(async () => (await names()).join()).toBe('break');
    await page.reload();
    await expect.poll(async () => (await names()).join()).toBe('break');
    expect(await page.title()).toContain('failed tasks');
    await fixture.button('Leave out task greet').click();
    await fixture.button('Leave out task break').click();
    await expect.poll(async () => (await names()).length).toBe(3);
  });

  it('leads from a bar to the tasks of its time, and from a task to its neighbours and its like', async () => {
    await fixture.failMany(3);
    await page.reload();
    const chart = page.getByRole('img', { name: /^Tasks over time: 0 completed, 3 failed/ });
    await chart.locator('canvas').waitFor();
    await chart.focus();
    // The failures may be of the minute before the last.
    for (const key of ['End', 'ArrowLeft']) {
      await page.keyboard.press(key);
      if (/[1-9] failed/.test((await page.locator('.tip').first().textContent()) ?? '')) break;
    }
    await page.keyboard.press('Enter');
    await page.waitForURL(/from=\d+&to=\d+/);
    await page.getByRole('link', { name: 'flaky' }).first().click();
    await page.getByText('3 like this').waitFor();
    await page.getByRole('link', { name: 'older ›' }).click();
    await page.getByRole('link', { name: '‹ newer' }).waitFor();
    await page.getByRole('link', { name: 'see the group' }).click();
    await until('the group', async () => (await names()).length === 3);
  });

  it('tells what happened to a task as bars, with why attempts failed', async () => {
    const { id } = await fixture.failed('chatty', { lines: 2 });
    await fixture.open(`#/tasks/${id}`);
    const happened = page.getByRole('region', { name: 'What happened' });
    await happened.getByText('Attempt 3').waitFor();
    const lines = await happened.getByRole('listitem').locator('.what').allInnerTexts();
    expect(lines.filter((line) => line.startsWith('Attempt'))).toEqual([
      'Attempt 1 retried · Error',
      'Attempt 2 retried · Error',
      'Attempt 3 failed · Error',
    ]);
    await page.getByLabel('Find in logs').fill('line 2');
    await until('lines that match', async () => (await page.locator('.log [role=listitem]').count()) === 3);
    await page.getByLabel('Attempt of the log').selectOption('attempt 2');
    await until('lines of one attempt', async () => (await page.locator('.log [role=listitem]').count()) === 1);
  });

  it('says that a task is gone, and asks for it no more', async () => {
    const { id } = await fixture.failed('flaky');
    await fixture.app.dispatcher.delete(id);
    const asked: string[] = [];
    page.on('request', (request) => {
      if (request.url().includes(id)) asked.push(request.url());
    });
    await fixture.open(`#/tasks/${id}`);
    await page.getByRole('heading', { name: 'No such task' }).waitFor();
    await fixture.failMany(2);
    await page.getByRole('link', { name: /^Tasks 2/ }).waitFor();
    expect(asked).toHaveLength(1);
  });

  it('mutes a group of errors in this browser, and shows it again', async () => {
    await fixture.failed('flaky');
    await fixture.failed('break');
    await fixture.open('#/errors');
    await fixture.row('Broken on purpose').getByRole('button', { name: /^More/ }).click();
    await fixture.button('Mute in this browser').click();
    await fixture.row('Broken on purpose').waitFor({ state: 'detached' });
    await page.getByLabel('1 muted').check();
    await fixture.row('Broken on purpose').waitFor();
    await page.getByLabel('Find in errors').fill('mail');
    await fixture.row('Broken on purpose').waitFor({ state: 'detached' });
    await fixture.row('The mail server is away').waitFor();
  });

  it('moves little while it loads', async () => {
    await fixture.failMany(3);
    // Several problems, on lines of their own where there is little room.
    await fixture.app.dispatcher.queueMany('idle', 'greet', [{}, {}]);
    await fixture.app.dispatcher.pauseQueue('emails');
    await fixture.app.dispatcher.queueMany('emails', 'greet', [{}, {}]);
    await page.addInitScript(`
      window.shifts = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
      }).observe({ type: 'layout-shift', buffered: true });
    `);
    for (const [width, height] of [
      [1_280, 800],
      [900, 800],
      [360, 780],
    ] as const) {
      await page.setViewportSize({ width, height });
      for (const hash of ['#/', '#/queues/default', '#/names/flaky', '#/tasks', '#/errors', '#/crons']) {
        await fixture.open(hash);
        await page.reload();
        await page.locator('main h1').first().waitFor();
        await page
          .locator(hash === '#/names/flaky' ? '.chart canvas' : 'tbody tr')
          .first()
          .waitFor();
        await page.getByText('Reading …').first().waitFor({ state: 'detached' });
        expect(await page.evaluate('window.shifts'), `${hash} at ${width}`).toBeLessThan(0.1);
      }
    }
  });
});
