// What a browser does with the panel while there is much to show: node dist/bench/bench/panel/in-browser.js
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { formatTable } from '../report/table.js';
import { startApp } from './app.js';
import { launch } from './browser.js';
import { fill, removeStore } from './fill.js';

const FOLDER = 'data/bench';
const FILE = join(FOLDER, 'in-browser.db');
const QUEUES = Array.from({ length: 27 }, (_, n) => `queue-${n}`);
const TABS = 10;
const WATCHED_MS = 30_000;
const PER_SECOND = 20;
const PAGES = [
  ['overview', '#/'],
  ['queues', '#/queues'],
  ['a queue', '#/queues/default'],
  ['a name', '#/names/task_3'],
  ['tasks', '#/tasks'],
  ['failed tasks', '#/tasks?state=failed'],
  ['errors', '#/errors'],
  ['crons', '#/crons'],
  ['audit', '#/audit'],
  ['enqueue', '#/enqueue'],
  ['workflows', '#/workflows'],
] as const;
/** Sums what moved that nobody had just pressed; and of it, what moved while the pointer was there. */
const WATCH_SHIFTS = `
  window.shifts = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
`;

async function main(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  removeStore(FILE);
  await (await startApp(FILE, QUEUES)).app.close();
  fill(FILE, { completed: 19_000, failed: 1_000, waiting: 2_000 });
  const { app, origin } = await startApp(FILE, QUEUES);
  const url = `${origin}/admin/tasks`;
  const browser = await launch();
  const dispatcher = app.get(TaskDispatcher);
  try {
    for (const queue of QUEUES) await dispatcher.queueIn(queue, '1d', 'drained', {});
    console.log(`${await visitAll(browser, url)}\n`);
    for (const [title, hash] of [PAGES[0], PAGES[4]])
      console.log(`${await restPointer(browser, url + hash, title, dispatcher)}\n`);
    console.log(await openTabs(browser, url, dispatcher));
  } finally {
    await browser.close();
    await app.close();
    removeStore(FILE);
  }
}

/** Each page on a new visit: what moves while it loads, and what of the page is sent until all of it was seen. */
async function visitAll(browser: Browser, url: string): Promise<string> {
  const rows: string[][] = [];
  for (const [title, hash] of PAGES) {
    const cells: string[] = [title];
    for (const [width, height] of [
      [1_440, 900],
      [360, 780],
    ]) {
      const context = await browser.newContext({ viewport: { width: width!, height: height! } });
      const page = await context.newPage();
      await page.addInitScript(WATCH_SHIFTS);
      await page.goto(url + hash);
      await settled(page);
      cells.push((await page.evaluate<number>('window.shifts')).toFixed(3));
      await context.close();
    }
    rows.push(cells);
  }
  const table = formatTable(['page', 'layout shift at 1,440 pixels', 'at 360'], rows);
  return `${table}\n\nAll parts of the page, as sent: ${((await sizeOfAll(browser, url)) / 1_000).toFixed(1)} kB by brotli.`;
}

async function sizeOfAll(browser: Browser, url: string): Promise<number> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  const urls = new Map<string, string>();
  let bytes = 0;
  session.on('Network.requestWillBeSent', ({ requestId, request }) => urls.set(requestId, request.url));
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (!urls.get(requestId)?.includes('/api/')) bytes += encodedDataLength;
  });
  for (const [, hash] of PAGES) {
    await page.goto(url + hash);
    await settled(page);
  }
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Go to' }).waitFor();
  await context.close();
  return bytes;
}

async function settled(page: Page): Promise<void> {
  await page.locator('main h1').first().waitFor();
  await page.getByText('Reading …').first().waitFor({ state: 'detached' });
  await page.waitForLoadState('load');
  await pause(700);
}

/** The pointer rests on a row while tasks come and go. */
async function restPointer(browser: Browser, url: string, title: string, dispatcher: TaskDispatcher): Promise<string> {
  const page = await browser.newPage({ viewport: { width: 1_440, height: 900 } });
  await page.addInitScript(WATCH_SHIFTS);
  await page.goto(url);
  await settled(page);
  await page.locator('tbody tr').nth(3).hover();
  const under = (): Promise<string> =>
    page.evaluate(`(() => {
      const row = document.querySelector('tbody tr:hover');
      return row === null ? 'none' : row.getAttribute('data-key');
    })()`);
  await page.evaluate('window.shifts = 0');
  const [first, until] = [await under(), performance.now() + WATCHED_MS];
  let [changes, turn] = [0, 0];
  for (let last = first, row = first; performance.now() < until; last = row) {
    await dispatcher.queue(QUEUES[(turn += 1) % QUEUES.length]!, 'drained', {});
    await pause(1_000 / PER_SECOND);
    row = await under();
    if (row !== last) changes += 1;
  }
  const shifts = await page.evaluate<number>('window.shifts');
  await page.close();
  return `On the ${title} page the pointer rested on a row for ${WATCHED_MS / 1_000} s, at ${PER_SECOND} tasks a second: another row came under it ${changes} times, layout shift ${shifts.toFixed(3)}.`;
}

/** Tabs of one browser, which has six connections to a server. */
async function openTabs(browser: Browser, url: string, dispatcher: TaskDispatcher): Promise<string> {
  const context = await browser.newContext();
  const tabs: Page[] = [];
  const opened: number[] = [];
  for (let tab = 0; tab < TABS; tab += 1) {
    const page = await context.newPage();
    const began = performance.now();
    await page.goto(`${url}#/tasks?state=scheduled&queue=${QUEUES[0]}`);
    await page.locator('tbody tr').first().waitFor();
    opened.push(performance.now() - began);
    tabs.push(page);
  }
  const began = performance.now();
  await dispatcher.queueIn(QUEUES[0]!, '1d', 'drained', { seen: true });
  const told: number[] = [];
  for (const tab of tabs) {
    // A tab that is not seen reads when it is.
    await tab.bringToFront();
    await tab.locator('tbody tr').nth(1).waitFor();
    told.push(performance.now() - began);
  }
  await context.close();
  const seconds = (value: number): string => `${(value / 1_000).toFixed(2)} s`;
  return `${TABS} tabs of one browser: the first showed its list after ${seconds(opened[0]!)}, the last after ${seconds(opened.at(-1)!)}; all ${TABS} had shown a new task ${seconds(told.at(-1)!)} after it was enqueued, brought to the front one after the other.`;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

await main();
