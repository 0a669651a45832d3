import { describe, expect, it } from 'vitest';
import { axe, CHROMIUM, hasChromium } from './support/browser.js';
import { PageFixture } from './support/page-fixture.js';

describe.skipIf(!hasChromium)(`the page for everybody (needs ${CHROMIUM})`, () => {
  const fixture = new PageFixture();

  /** Something to see on each page. */
  const fill = async (): Promise<string> => {
    const { dispatcher, crons, app } = fixture.app;
    await fixture.failMany(3);
    await dispatcher.queueIn('default', '1h', 'greet', {});
    await dispatcher.queue('default', 'progress', {});
    await dispatcher.queue('idle', 'greet', {});
    await dispatcher.pauseQueue('idle');
    await fixture.completed('family');
    await crons.trigger('nightly');
    await crons.pause('broken-monthly');
    expect(app).toBeDefined();
    const { id } = await fixture.failed('flaky', { to: 'Ada', list: [1, { two: null }] });
    return id;
  };

  it.each([
    { colorScheme: 'light', rules: undefined },
    // What is not colour is the same.
    { colorScheme: 'dark', rules: ['color-contrast'] },
  ] as const)('has nothing for axe to find, in $colorScheme colours', async ({ colorScheme, rules }) => {
    const id = await fill();
    const { page } = fixture;
    await page.emulateMedia({ colorScheme });
    const found: string[] = [];
    const check = async (place: string): Promise<void> => {
      const { violations, kept } = await axe(page, rules);
      expect(kept, place).toContain('color-contrast');
      found.push(...violations.map((line) => `${place}: ${line}`));
    };
    const pages = [
      '#/',
      '#/tasks',
      '#/tasks?state=failed',
      `#/tasks/${id}`,
      '#/errors',
      '#/crons',
      '#/enqueue',
      '#/audit',
    ];
    for (const hash of pages) {
      await fixture.open(hash);
      await page.locator('main h1').waitFor();
      await page.getByText('Reading …').first().waitFor({ state: 'detached' });
      await check(hash);
    }
    await fixture.open('#/tasks?state=failed');
    await page.getByRole('checkbox').first().check();
    await check('a list with a choice');
    await fixture.button('Delete chosen').click();
    await page.getByRole('dialog').waitFor();
    await check('a question');
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    await check('the help sheet');
    await page.keyboard.press('Escape');
    await page.setViewportSize({ width: 360, height: 740 });
    await check('a list at 360 pixels');
    await fixture.open('#/');
    await page.getByRole('heading', { name: 'Queues' }).waitFor();
    await check('the overview at 360 pixels');
    expect(found).toEqual([]);
  });
});
