import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { until } from '../support/until.js';
import { axe, CHROMIUM, hasChromium } from './support/browser.js';
import { PageFixture } from './support/page-fixture.js';

describe.skipIf(!hasChromium)(`workflows on the page (needs ${CHROMIUM})`, () => {
  const fixture = new PageFixture();
  let page: Page;
  beforeEach(() => {
    ({ page } = fixture);
  });

  /** One that waits for a task that somebody ends, with a hundred tasks in one node, and one that waits for those. */
  async function startOrder(): Promise<string> {
    const w = fixture.app.dispatcher.workflow('order', { tags: { order: '7' } });
    const first = w.add('default', 'progress', {}, { as: 'charge' });
    const pages = w.each(
      'default',
      'greet',
      Array.from({ length: 100 }, () => ({})),
      { as: 'pages', after: first },
    );
    w.add('default', 'flaky', {}, { as: 'mail', after: pages });
    w.add('default', 'greet', {}, { as: 'close', after: 'mail' });
    return (await w.start()).id;
  }

  /** Resolves when the task that somebody ends is running, and hears of it. */
  async function firstAtWork(id: string): Promise<void> {
    await until('the task to run', async () => {
      const { nodes } = await fixture.app.dispatcher.getWorkflow(id);
      return nodes.running === 1 && fixture.handlers.isReporting;
    });
  }

  async function startSmall(name: string, count: number): Promise<void> {
    for (let n = 0; n < count; n += 1) {
      const w = fixture.app.dispatcher.workflow(name);
      w.add('default', 'greet', { n });
      await (await w.start()).result();
    }
  }

  const cell = (row: string, column: string): Promise<string> =>
    fixture.row(row).first().locator(`td.c-${column}`).innerText();

  it('lists them with how far they are while they run, by their state and their tags, a page at a time', async () => {
    await startSmall('small', 51);
    const id = await startOrder();
    await page.getByRole('link', { name: 'Workflows' }).click();
    await page.getByRole('heading', { name: 'Workflows' }).waitFor();
    await fixture.row('order').waitFor();
    expect(await cell('order', 'state')).toContain('running');
    expect(await cell('order', 'nodes')).toContain('0 of 4');
    expect(await page.locator('tbody tr').count()).toBe(50);
    await fixture.button('Show older').click();
    await until('all of them', async () => (await page.locator('tbody tr').count()) === 52);
    await fixture.button('Show older').waitFor({ state: 'detached' });

    await fixture.button('Running').click();
    await until('one that runs', async () => (await page.locator('tbody tr').count()) === 1);
    await page.getByRole('link', { name: 'order: 7' }).click();
    await page.getByText('Only tag order:7').waitFor();
    await until('one of its tag', async () => (await page.locator('tbody tr').count()) === 1);
    // What changes is seen without a click.
    await firstAtWork(id);
    fixture.handlers.report(100);
    await until('its end in the list', async () => (await cell('order', 'state')).includes('failed'));
    expect(await cell('order', 'nodes')).toMatch(/4 of 4, 1 failure, 1 cancelled/);
    expect(await cell('order', 'tasks')).toBe('103 of 103');
    await fixture.button('Completed').click();
    await page.getByText('No workflow matches.').waitFor();
    await fixture.button('Show all').click();
    await page.getByRole('link', { name: 'order', exact: true }).waitFor({ state: 'detached' });
    await fixture.row('small').first().waitFor();
  });

  it('shows one while it runs, its node of a hundred tasks as one row, and retries what failed', async () => {
    const id = await startOrder();
    await fixture.open(`#/workflows/${id}`);
    await page.getByRole('heading', { name: 'order running' }).waitFor();
    expect(await page.getByRole('table', { name: 'Nodes' }).locator('tbody tr').count()).toBe(4);
    expect(await cell('pages', 'state')).toContain('blocked');
    expect(await cell('pages', 'tasks')).toBe('0 of 100');
    expect(await cell('pages', 'after')).toBe('charge');
    await firstAtWork(id);
    fixture.handlers.report(100);
    await page.getByRole('heading', { name: 'order failed' }).waitFor();
    expect(await cell('pages', 'tasks')).toBe('100 of 100');
    expect(await cell('mail', 'state')).toContain('failed');
    expect(await cell('close', 'state')).toContain('because of mail');

    fixture.handlers.isBroken = false;
    await fixture.row('mail').first().getByRole('button', { name: 'Retry from here' }).click();
    await page.getByText('Runs again from: mail').waitFor();
    await page.getByRole('heading', { name: 'order completed' }).waitFor();
    expect(await cell('close', 'state')).toContain('completed');
    await fixture.button('Retry what failed').waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'Audit' }).click();
    await page.getByRole('link', { name: id }).click();
    await page.getByRole('heading', { name: 'order completed' }).waitFor();
  });

  it('draws its nodes after those that they wait for, each a link, and changes what they say where they stand', async () => {
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname.split('/').pop()!));
    const w = fixture.app.dispatcher.workflow('order');
    const first = w.add('default', 'progress', {}, { as: 'charge' });
    const pages = w.each('default', 'greet', [{}, {}, {}], { as: 'pages', after: first });
    w.add('default', 'greet', {}, { as: 'refund', after: first, when: 'failed' });
    w.add('default', 'greet', {}, { as: 'close', after: pages, when: 'ended' });
    const { id } = await w.start();
    await fixture.open('#/workflows');
    await page.getByRole('link', { name: 'order' }).waitFor();
    expect(asked).toContain('later-views.js');
    expect(asked).not.toContain('graph.js');
    await page.getByRole('link', { name: 'order' }).click();

    const graph = page.getByRole('region', { name: 'Graph' });
    const nodes = graph.getByRole('listitem');
    await nodes.first().waitFor();
    expect(asked.filter((name) => name === 'graph.js')).toHaveLength(1);
    expect(await graph.locator('svg text').allTextContents()).toEqual(['if failed', 'once ended']);
    // Within the graph, as what is above it grows when the workflow ends.
    const placeOf = async (name: string): Promise<{ x: number; y: number; width: number; height: number }> => {
      const drawing = (await graph.locator('.graph-drawing').boundingBox())!;
      const box = (await nodes.filter({ has: page.locator(`strong:text-is("${name}")`) }).boundingBox())!;
      return { ...box, x: box.x - drawing.x, y: box.y - drawing.y };
    };
    const before = await Promise.all(['charge', 'pages', 'refund', 'close'].map(placeOf));
    const [charge, each, refund, close] = before as [(typeof before)[0], ...typeof before];
    for (const later of [each!, refund!]) expect(later.x).toBeGreaterThan(charge.x + charge.width);
    expect(close!.x).toBeGreaterThan(each!.x + each!.width);

    await firstAtWork(id);
    await graph.getByRole('link', { name: 'charge running' }).waitFor();
    await graph.getByRole('link', { name: 'pages blocked 0 of 3 after charge' }).waitFor();
    fixture.handlers.report(100);
    await graph.getByRole('link', { name: 'pages completed 3 of 3' }).waitFor();
    await graph.getByRole('link', { name: 'refund cancelled if failed charge' }).waitFor();
    await graph.getByRole('link', { name: 'close completed once ended pages' }).waitFor();
    expect(await Promise.all(['charge', 'pages', 'refund', 'close'].map(placeOf))).toEqual(before);

    await fixture.button('Smaller').click();
    await until('smaller boxes', async () => (await placeOf('charge')).width < charge.width);
    // In the order in which they are read.
    await graph.getByRole('link').first().focus();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toContain('close');
    await page.keyboard.press('Enter');
    await page.getByText('Node close of its workflow').waitFor();
    await page.goBack();
    await graph.getByRole('link', { name: 'pages completed' }).click();
    await until('its three tasks, and what closed', async () => (await page.locator('tbody tr').count()) >= 3);
    expect(page.url()).toContain('#/tasks?name=greet&queue=default&from=');
    await page.goBack();
    await nodes.first().waitFor();
    expect(asked.filter((name) => name === 'graph.js')).toHaveLength(1);
  });

  it('draws no graph of one that is too large, and says so', async () => {
    const w = fixture.app.dispatcher.workflow('wide');
    const first = w.add('default', 'greet', {}, { as: 'first' });
    for (let n = 0; n < 200; n += 1) w.add('default', 'greet', {}, { as: `n${n}`, after: first });
    const { id } = await w.start();
    await fixture.open(`#/workflows/${id}`);
    await page.getByText('A graph is drawn of at most 200 nodes').waitFor();
    expect(await page.getByRole('table', { name: 'Nodes' }).locator('tbody tr').count()).toBe(201);
    expect(await page.locator('.graph-drawing').count()).toBe(0);
  });

  it('has the table alone where the script of the graph does not come', async () => {
    await page.route('**/graph.js*', (route) => route.abort());
    const id = await startOrder();
    await fixture.open(`#/workflows/${id}`);
    await page.getByText('The graph could not be drawn.').waitFor();
    expect(await cell('pages', 'after')).toBe('charge');
    await firstAtWork(id);
    fixture.handlers.report(100);
    await page.getByRole('heading', { name: 'order failed' }).waitFor();
  });

  it('cancels one, and nothing of it runs any more', async () => {
    const id = await startOrder();
    await fixture.open(`#/workflows/${id}`);
    await fixture.button('Cancel').click();
    await page.getByText('Cancelled: order').waitFor();
    await page.getByRole('heading', { name: 'order cancelled' }).waitFor();
    await fixture.button('Cancel').waitFor({ state: 'detached' });
    expect(await cell('pages', 'state')).toContain('by the workflow');
    // It would be waited for when the app ends.
    fixture.handlers.report(100);
  });

  it('is for everybody: nothing for axe to find in light and in dark, and no scrolling sideways on a phone', async () => {
    const long = fixture.app.dispatcher.workflow('x'.repeat(150), { tags: { ['y'.repeat(60)]: 'z'.repeat(120) } });
    long.add('default', 'greet', {}, { as: 'n'.repeat(200) });
    await (await long.start()).result();
    const id = await startOrder();
    await firstAtWork(id);
    fixture.handlers.report(100);
    await until('its end', async () => (await fixture.app.dispatcher.getWorkflow(id)).state === 'failed');
    const found: string[] = [];
    const { items } = await fixture.app.dispatcher.listWorkflows();
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 740 });
      for (const hash of ['#/workflows', ...items.map((one) => `#/workflows/${one.id}`)]) {
        await fixture.open(hash);
        await page.locator('main h1').waitFor();
        await page.locator('tbody tr').first().waitFor();
        if (hash.endsWith(id)) await page.locator('.graph-drawing').waitFor();
        expect(await page.evaluate('document.documentElement.scrollWidth'), hash).toBe(width);
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          const { violations } = await axe(page, colorScheme === 'light' ? undefined : ['color-contrast']);
          found.push(...violations.map((line) => `${hash}, ${width}, ${colorScheme}: ${line}`));
        }
        await page.emulateMedia({ forcedColors: 'active' });
        const { violations } = await axe(page, ['color-contrast']);
        found.push(...violations.map((line) => `${hash}, ${width}, forced colours: ${line}`));
        await page.emulateMedia({ forcedColors: 'none' });
      }
    }
    expect(found).toEqual([]);
  });
});
