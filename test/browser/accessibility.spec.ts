import { describe, expect, it } from 'vitest';
import { axe, CHROMIUM, hasChromium } from './support/browser.js';
import { PageFixture } from './support/page-fixture.js';

describe.skipIf(!hasChromium)(`the page for everybody (needs ${CHROMIUM})`, () => {
  const fixture = new PageFixture();

  /** Something to see on each page. */
  const fill = async (): Promise<string> => {
    const { dispatcher, crons } = fixture.app;
    await fixture.failMany(3);
    await dispatcher.queueIn('default', '1h', 'greet', {});
    await dispatcher.queue('default', 'progress', {});
    await dispatcher.queue('idle', 'greet', {});
    await dispatcher.pauseQueue('idle');
    await fixture.completed('family');
    await crons.trigger('nightly');
    await crons.pause('broken-monthly');
    const { id } = await fixture.failed('flaky', { to: 'Ada', list: [1, { two: null }] });
    return id;
  };

  it('has nothing for axe to find, in light, in dark and in the colours of a system', async () => {
    const id = await fill();
    const { page } = fixture;
    const found: string[] = [];
    const check = async (place: string): Promise<void> => {
      // What is not colour is the same in both.
      for (const [colours, rules] of [
        ['light', undefined],
        ['dark', ['color-contrast']],
        ['forced', ['color-contrast']],
      ] as const) {
        await page.emulateMedia(
          colours === 'forced'
            ? { colorScheme: 'dark', forcedColors: 'active' }
            : { colorScheme: colours, forcedColors: 'none' },
        );
        const { violations, kept } = await axe(page, rules);
        expect(kept, place).toContain('color-contrast');
        found.push(...violations.map((line) => `${place}, ${colours}: ${line}`));
      }
    };
    const ready = async (hash: string): Promise<void> => {
      await fixture.open(hash);
      await page.locator('main h1').waitFor();
      await page.getByText('Reading …').first().waitFor({ state: 'detached' });
    };
    const pages = [
      '#/',
      '#/queues',
      '#/queues/default',
      '#/names/flaky',
      '#/tasks',
      `#/tasks/${id}`,
      '#/errors',
      '#/crons',
      '#/enqueue?name=sign_up',
      '#/audit',
    ];
    for (const hash of pages) {
      await ready(hash);
      await page.evaluate(`document.querySelectorAll('main details').forEach((part) => (part.open = true))`);
      await check(hash);
    }
    await ready('#/tasks?state=failed');
    await page.getByRole('checkbox').first().check();
    await fixture.button('Delete selected').click();
    await page.getByRole('dialog').waitFor();
    await check('a question about chosen tasks');
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    await check('the help sheet');
    await page.keyboard.press('Escape');
    await page.setViewportSize({ width: 360, height: 740 });
    await check('a list with a choice, 360 pixels wide');
    await ready('#/');
    await check('the overview, 360 pixels wide');
    // It would be waited for when the app ends.
    fixture.handlers.report(100);
    expect(found).toEqual([]);
  });
});
