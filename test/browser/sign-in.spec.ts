import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AdminApp, type AdminAppOptions } from '../admin/support/admin-app.js';
import { PanelLog } from '../admin/support/panel-log.js';
import { axe, CHROMIUM, hasChromium, launch, openTab, type Tab } from './support/browser.js';

const NAMES = '--host-resolver-rules=MAP *.example 127.0.0.1';

describe.skipIf(!hasChromium)(`signing in with the key (needs ${CHROMIUM})`, () => {
  let browser: Browser;
  let app: AdminApp;
  let address: URL;
  let tab: Tab | undefined;
  let elsewhere: Server | undefined;

  beforeAll(async () => {
    browser = await launch(NAMES);
  });
  afterAll(() => browser.close());
  beforeEach(() => start());
  afterEach(async () => {
    const wrong = tab?.wrong;
    await tab?.page.close();
    tab = undefined;
    elsewhere?.closeAllConnections();
    elsewhere?.close();
    elsewhere = undefined;
    await app.stop();
    expect(wrong ?? []).toEqual([]);
  });

  const start = async (options: AdminAppOptions = {}): Promise<void> => {
    const log = new PanelLog();
    app = await AdminApp.start({
      tasks: { workers: false, admin: { access: 'key' } },
      create: { logger: log },
      ...options,
    });
    address = await log.address();
  };
  const open = async (url: string): Promise<Page> => {
    tab = await openTab(browser, url);
    return tab.page;
  };
  const key = (): string => address.hash.replace('#key=', '');
  const panel = (): string => `${app.origin}/admin/tasks`;
  const isOpen = (page: Page, title: string): Promise<void> =>
    page.getByRole('main').getByRole('heading', { level: 1, name: title }).waitFor();
  const isAsked = (page: Page): Promise<void> =>
    page.getByRole('heading', { name: 'The panel wants its key' }).waitFor();
  /** A page of another site, with a link to the panel. Resolves to where it is. */
  const otherSite = async (href: string): Promise<string> => {
    elsewhere = createServer((_request, response) => {
      response.setHeader('Content-Type', 'text/html');
      response.end(`<a href="${href}">The panel</a>`);
    });
    await new Promise<void>((resolve) => elsewhere!.listen(0, '127.0.0.1', resolve));
    return `http://elsewhere.example:${(elsewhere.address() as AddressInfo).port}`;
  };

  it('leaves no key in the address bar where the address is opened again beside the panel', async () => {
    const page = await open(address.href);
    await isOpen(page, 'Overview');
    await page.goto(address.href);
    await expect.poll(() => page.url()).toBe(panel());
    await isOpen(page, 'Overview');
  });

  it('takes the key of a person who is quicker than the answer to whether they have a cookie', async () => {
    const page = await open(panel());
    await isAsked(page);
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    await page.route('**/session', async (route) => {
      if (route.request().headers().authorization === undefined) await answered;
      await route.continue();
    });
    await page.goto('about:blank');
    await page.goto(panel());
    await page.getByLabel('Key').fill(key());
    await page.keyboard.press('Enter');
    await isOpen(page, 'Overview');
    answer();
  });

  it('opens the panel by the address that the app has logged, and leaves no key in the address bar', async () => {
    await app.dispatcher.queue('default', 'greet', {});
    const page = await open(address.href);
    await isOpen(page, 'Overview');
    expect(page.url()).toBe(panel());
    const [cookie] = await page.context().cookies();
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/admin/tasks', secure: false });
    expect(await page.evaluate('document.cookie')).toBe('');

    await page.reload();
    await isOpen(page, 'Overview');
    await page.goto(`${panel()}/#/tasks`);
    await page.getByRole('link', { name: 'greet' }).waitFor();
    // Live changes come by the cookie too.
    const { id } = await app.dispatcher.queue('default', 'break', {});
    await page.getByRole('link', { name: 'break' }).waitFor();
    expect(id).toBeTruthy();
  });

  it('drops the key of the address where it is let in already', async () => {
    const page = await open(address.href);
    await isOpen(page, 'Overview');
    await page.goto('about:blank');
    await page.goto(address.href);
    await isOpen(page, 'Overview');
    expect(page.url()).not.toContain(key());
  });

  it('asks for the key, says what is wrong with it, and leads to what was asked for', async () => {
    const page = await open(`${panel()}#/tasks?state=failed`);
    await isAsked(page);
    await page.getByLabel('Key').fill('wrong');
    await page.getByRole('button', { name: 'Open the panel' }).click();
    await page.getByRole('alert').filter({ hasText: 'This is not the key of this panel.' }).waitFor();
    await page.getByLabel('Key').fill(` ${key()} `);
    await page.keyboard.press('Enter');
    await isOpen(page, 'Tasks');
    expect(page.url()).toBe(`${panel()}#/tasks?state=failed`);
  });

  it('takes an address that is pasted over the one that is open', async () => {
    const page = await open(panel());
    await isAsked(page);
    await page.evaluate(`location.hash = 'key=${key()}'`);
    await isOpen(page, 'Overview');
  });

  it('opens the panel by a link of another site, which the cookie is not sent with', async () => {
    const page = await open(address.href);
    await isOpen(page, 'Overview');
    await page.goto(await otherSite(`${panel()}#/tasks`));
    await page.getByRole('link', { name: 'The panel' }).click();
    await isOpen(page, 'Tasks');
  });

  it('asks whoever follows a link of another site and was never let in', async () => {
    const page = await open(await otherSite(panel()));
    await page.getByRole('link', { name: 'The panel' }).click();
    await isAsked(page);
  });

  it('asks again where the cookie is gone', async () => {
    const page = await open(address.href);
    await isOpen(page, 'Overview');
    await page.context().clearCookies();
    await page.keyboard.press('r');
    await isAsked(page);
  });

  it('has nothing for axe to find, in both colours and on a narrow screen', async () => {
    const page = await open(panel());
    await isAsked(page);
    await page.getByLabel('Key').fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    const found: string[] = [];
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 740 });
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        const { violations, kept } = await axe(page);
        expect(kept).toContain('color-contrast');
        found.push(...violations.map((line) => `${width}, ${colorScheme}: ${line}`));
      }
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    }
    expect(found).toEqual([]);
  });

  // Over plain HTTP to a name that is not this machine's, a browser says nothing of the site that asks.
  it('gives a page of a sibling domain nothing, whatever header it sends and CORS the app allows', async () => {
    await app.stop();
    await start({
      tasks: { workers: false, admin: { guards: [{ canActivate: () => true }] } },
      configure: (nest) => nest.enableCors({ origin: true, credentials: true }),
    });
    await app.dispatcher.queue('default', 'greet', {});
    const { port } = await otherSite('/').then((url) => new URL(url));
    const page = await open(`http://sibling.shop.example:${port}`);
    const api = `http://shop.example:${app.port}/admin/tasks/api`;
    const ask = (path: string, init: object): Promise<number> =>
      page.evaluate(`fetch('${api}/${path}', ${JSON.stringify(init)}).then(({ status }) => status)`);
    for (const name of ['X-Nothing', 'X-Forwarded-Host', 'X-Original-Host', 'Forwarded']) {
      const value = name === 'Forwarded' ? `host=sibling.shop.example:${port}` : `sibling.shop.example:${port}`;
      const init = { credentials: 'include', headers: { [name]: value } };
      expect(await ask('tasks', init), name).toBe(403);
      expect(await ask('queues/default/pause', { ...init, method: 'POST' }), name).toBe(403);
    }
    // A page of the panel's own origin is let in.
    await page.goto(`http://shop.example:${app.port}/admin/tasks`);
    await isOpen(page, 'Overview');
    expect((await app.dispatcher.stats()).some(({ paused }) => paused)).toBe(false);
  });
});
