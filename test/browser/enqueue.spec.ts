import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { CHROMIUM, hasChromium } from './support/browser.js';
import { PageFixture } from './support/page-fixture.js';

describe.skipIf(!hasChromium)(`a task enqueued on the page (needs ${CHROMIUM})`, () => {
  const fixture = new PageFixture();
  let page: Page;
  beforeEach(async () => {
    ({ page } = fixture);
    await page.getByRole('link', { name: 'Enqueue' }).click();
    await page.getByLabel('Task', { exact: true }).waitFor();
  });
  const task = async (name: string): Promise<void> => {
    await page.getByLabel('Task', { exact: true }).selectOption(name);
  };
  const newest = async (): Promise<Record<string, unknown>> => {
    const { items } = await fixture.app.dispatcher.list({ limit: 1 });
    return items[0] as unknown as Record<string, unknown>;
  };

  it('has a form made of the params of its handler', async () => {
    await task('sign_up');
    expect(await page.getByLabel('Queue', { exact: true }).inputValue()).toBe('emails');
    await page.getByLabel('email', { exact: true }).fill('ada@example.com');
    await page.getByLabel('seats', { exact: true }).fill('3');
    await page.getByLabel('plan', { exact: true }).selectOption('paid');
    await page.getByLabel('news', { exact: true }).selectOption('true');
    await page.getByLabel('city', { exact: true }).fill('London');
    for (const topic of ['engines', 'to be removed', 'poetry']) {
      await fixture.button('Add to topics').click();
      await page
        .getByLabel(/^topics \d$/)
        .last()
        .fill(topic);
    }
    await fixture.button('Remove topics 2').click();
    expect(await page.getByLabel('secret', { exact: true }).getAttribute('type')).toBe('password');
    await page.getByLabel('secret', { exact: true }).fill('hush');
    await page.getByLabel('Priority').fill('7');
    await page.getByLabel('Runs').selectOption('after a delay');
    await page.getByLabel('Delay').fill('2h');
    await page.getByRole('button', { name: 'Enqueue' }).click();
    await page.getByRole('heading', { name: 'sign_up scheduled' }).waitFor();
    await page.getByText('Enqueued: sign_up').waitFor();
    expect(await newest()).toMatchObject({
      queue: 'emails',
      priority: 7,
      params: {
        email: 'ada@example.com',
        seats: 3,
        plan: 'paid',
        news: true,
        address: { city: 'London' },
        topics: ['engines', 'poetry'],
        secret: '[sensitive]',
      },
    });
  });

  it('shows what is wrong at the field that it is of', async () => {
    await task('sign_up');
    await page.getByLabel('email', { exact: true }).fill('nobody');
    await page.getByLabel('seats', { exact: true }).fill('9');
    await page.getByLabel('city', { exact: true }).fill('X');
    await fixture.button('Add to topics').click();
    await page.getByLabel('topics 1', { exact: true }).fill('x');
    await page.getByLabel('Runs').selectOption('after a delay');
    await page.getByLabel('Delay').fill('2h');
    await page.getByRole('button', { name: 'Enqueue' }).click();
    const problem = (name: string): Promise<string> =>
      page.getByLabel(name, { exact: true }).locator('xpath=..').locator('.problem').innerText();
    await page.locator('[aria-invalid=true]').first().waitFor();
    expect(await problem('email')).toContain('must be an email');
    expect(await problem('seats')).toContain('must not be greater than 5');
    expect(await problem('city')).toContain('city must be longer than or equal to 3 characters');
    await page.getByRole('group', { name: 'topics' }).getByText('each value in topics must be longer').waitFor();
    expect(await page.getByLabel('email', { exact: true }).getAttribute('aria-invalid')).toBe('true');
    expect(await page.evaluate('document.activeElement.type')).toBe('email');

    // A field that holds nothing that could be sent.
    await page.getByLabel('seats', { exact: true }).fill('three');
    await page.getByRole('button', { name: 'Enqueue' }).click();
    await page.getByText('must be a number').waitFor();
    expect(await problem('email')).toBe('');

    await page.getByLabel('email', { exact: true }).fill('ada@example.com');
    await page.getByLabel('seats', { exact: true }).fill('3');
    await page.getByLabel('city', { exact: true }).fill('');
    await fixture.button('Remove topics 1').click();
    await page.getByLabel('Delay').fill('soon');
    await page.getByRole('button', { name: 'Enqueue' }).click();
    await page.getByLabel('Delay').and(page.locator('[aria-invalid=true]')).waitFor();
    expect((await fixture.app.dispatcher.list({})).items).toEqual([]);
  });

  it('takes JSON, which goes along between form and text', async () => {
    await task('sign_up');
    await page.getByLabel('email', { exact: true }).fill('ada@example.com');
    await fixture.button('JSON').click();
    const json = page.getByLabel('Params (JSON)');
    expect(JSON.parse(await json.inputValue())).toMatchObject({ email: 'ada@example.com' });
    await json.fill('{ "email": "grace@example.com", "seats": 2, "plan": "free", "address": { "city": "York" } }');
    await fixture.button('Form').click();
    expect(await page.getByLabel('email', { exact: true }).inputValue()).toBe('grace@example.com');
    expect(await page.getByLabel('seats', { exact: true }).inputValue()).toBe('2');
    expect(await page.getByLabel('city', { exact: true }).inputValue()).toBe('York');

    await task('greet');
    await page.getByText('JSON', { exact: true }).waitFor();
    await json.fill('{ "to": ');
    await page.getByRole('button', { name: 'Enqueue' }).click();
    await page.getByText('This is no JSON').waitFor();
    await json.fill('{ "to": "<b>Ada</b>" }');
    await page.getByRole('button', { name: 'Enqueue' }).click();
    await page.getByRole('heading', { name: 'greet completed' }).waitFor();
    expect(await newest()).toMatchObject({ name: 'greet', queue: 'default', params: { to: '<b>Ada</b>' } });
  });
});
