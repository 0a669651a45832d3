import type { Locator, Page } from 'playwright-core';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { axe, CHROMIUM, hasChromium, PATIENCE_MS } from './support/browser.js';
import { PageFixture } from './support/page-fixture.js';

describe.skipIf(!hasChromium)(`the log of a task on the page (needs ${CHROMIUM})`, () => {
  const fixture = new PageFixture();
  let page: Page;
  let log: Locator;
  beforeEach(() => {
    ({ page } = fixture);
    log = page.getByRole('group', { name: 'Log lines' });
  });

  const isInSight = (row: Locator): Promise<boolean> =>
    row.evaluate((element) => {
      const [own, around] = [element, element.closest('.log')!].map((part) => part.getBoundingClientRect());
      return own!.top >= around!.top - 1 && own!.bottom <= around!.bottom + 1;
    });
  const seen = (text: string | RegExp): Promise<void> =>
    vi.waitFor(async () => expect(await isInSight(log.getByText(text))).toBe(true), PATIENCE_MS);

  it('keeps of 2,100 lines those in sight, and shows each one that is gone to', async () => {
    const { id } = await fixture.failed('chatty', { lines: 700 });
    await fixture.open(`#/tasks/${id}`);
    await seen(/#1 {2}line 1,/);
    const rows = log.getByRole('listitem');
    await expect.poll(() => rows.count()).toBeLessThan(100);
    expect(await rows.first().getAttribute('aria-setsize')).toBe('2100');
    expect((await axe(page)).violations).toEqual([]);

    await log.focus();
    await page.keyboard.press('End');
    await seen(/#3 {2}line 700,/);
    expect(await rows.last().getAttribute('aria-posinset')).toBe('2100');
    await expect.poll(() => rows.count()).toBeLessThan(100);
    await expect.poll(() => log.getByText(/#1 {2}line 1,/).count()).toBe(0);

    // No line stands upon another, however high they are.
    await log.evaluate((element) => (element.scrollTop = element.scrollHeight / 2));
    await vi.waitFor(async () => {
      const gaps = await log.evaluate((element) => {
        const lines = [...element.querySelectorAll('[role=listitem]')].map((line) => line.getBoundingClientRect());
        return lines.slice(1).map((line, index) => Math.round(line.top - lines[index]!.bottom));
      });
      expect(gaps.length).toBeGreaterThan(10);
      expect(new Set(gaps)).toEqual(new Set([0]));
    }, PATIENCE_MS);
    await page.keyboard.press('Home');
    await seen(/#1 {2}line 1,/);
    await page.setViewportSize({ width: 360, height: 740 });
    await log.focus();
    await page.keyboard.press('End');
    await seen(/#3 {2}line 700,/);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
  });

  it('copies all lines, shown or not', async () => {
    const { id } = await fixture.failed('chatty', { lines: 700 });
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await fixture.open(`#/tasks/${id}`);
    await fixture.button('Copy all lines').click();
    await page.getByText('Copied', { exact: true }).waitFor();
    const lines = (await page.evaluate<string>('navigator.clipboard.readText()')).split('\n');
    expect(lines.length).toBe(2_100);
    expect(lines.at(-1)).toMatch(/#3 {2}line 700, and so on $/);
  });

  it('is copied with all that is known of its task', async () => {
    const { id } = await fixture.failed('chatty', { lines: 2 });
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await fixture.open(`#/tasks/${id}`);
    await fixture.button('Copy task').click();
    await page.getByText('Copied', { exact: true }).waitFor();
    const copied: unknown = JSON.parse(await page.evaluate<string>('navigator.clipboard.readText()'));
    expect(copied).toMatchObject({ id, state: 'failed', params: { lines: 2 } });
    const { attempts, logs } = copied as { attempts: unknown[]; logs: unknown[] };
    expect([attempts.length, logs.length]).toEqual([3, 6]);
  });

  it('stays at the end while lines come in, and elsewhere where it is', async () => {
    const { id } = await fixture.app.dispatcher.queue('default', 'talk', {});
    await fixture.app.reached(id, 'running');
    await fixture.open(`#/tasks/${id}`);
    await seen(/line 1$/);
    await log.focus();
    await page.keyboard.press('End');
    await seen(/line 300$/);
    fixture.handlers.say('one more');
    await seen(/one more$/);
    await page.keyboard.press('Home');
    await seen(/line 1$/);
    fixture.handlers.say('bye');
    await page.getByRole('heading', { name: 'talk completed' }).waitFor();
    await vi.waitFor(
      async () => expect(await log.getByRole('listitem').first().getAttribute('aria-setsize')).toBe('302'),
      PATIENCE_MS,
    );
    expect(await log.evaluate((element) => element.scrollTop)).toBe(0);
    expect(await log.evaluate((element) => element.matches(':focus'))).toBe(true);
  });
});
