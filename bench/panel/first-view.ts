// What of the panel is sent and seen first on slow networks: node dist/bench/bench/panel/first-view.js
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { median } from '../report/series.js';
import { formatTable } from '../report/table.js';
import { startApp } from './app.js';
import { launch } from './browser.js';
import { fill, removeStore } from './fill.js';

const FOLDER = 'data/bench';
const FILE = join(FOLDER, 'first-view.db');
const ROUNDS = 3;
/** As the developer tools of Chromium have had them, without the factors that they add. */
const NETWORKS = [
  { title: 'local', latency: 0, bitsPerSecond: -1 },
  { title: 'fast 3G (1.6 Mbit/s, 150 ms)', latency: 150, bitsPerSecond: 1_600_000 },
  { title: 'slow 3G (400 kbit/s, 400 ms)', latency: 400, bitsPerSecond: 400_000 },
];
const VIEWS = [
  ['overview', '#/'],
  ['failed tasks', '#/tasks?state=failed'],
] as const;

interface Seen {
  readonly firstContent: number;
  readonly data: number;
  /** Bytes of the page, its script and its style as they were sent, heads included. */
  readonly page: number;
  /** All that was sent until data was seen. */
  readonly all: number;
}

async function see(
  browser: Browser,
  url: string,
  { latency, bitsPerSecond }: (typeof NETWORKS)[number],
): Promise<Seen> {
  // A context of its own has nothing in its cache.
  const context = await browser.newContext({ viewport: { width: 1_440, height: 900 } });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  const throughput = bitsPerSecond === -1 ? -1 : bitsPerSecond / 8;
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency,
    downloadThroughput: throughput,
    uploadThroughput: throughput,
  });
  const urls = new Map<string, string>();
  let [pageBytes, allBytes] = [0, 0];
  session.on('Network.requestWillBeSent', ({ requestId, request }) => urls.set(requestId, request.url));
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    allBytes += encodedDataLength;
    if (!urls.get(requestId)?.includes('/api/')) pageBytes += encodedDataLength;
  });
  await page.goto(url, { waitUntil: 'commit' });
  await page.locator('tbody tr').first().waitFor({ timeout: 120_000 });
  const { firstContent, data } = await page.evaluate<{ firstContent: number; data: number }>(`({
    firstContent: performance.getEntriesByName('first-contentful-paint')[0].startTime,
    data: performance.now(),
  })`);
  await context.close();
  return { firstContent, data, page: pageBytes, all: allBytes };
}

async function main(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  removeStore(FILE);
  await (await startApp(FILE)).app.close();
  fill(FILE, { completed: 19_000, failed: 1_000, waiting: 2_000 });
  const { app, origin } = await startApp(FILE);
  const browser = await launch();
  try {
    const rows: string[][] = [];
    for (const [view, hash] of VIEWS) {
      for (const network of NETWORKS) {
        const seen: Seen[] = [];
        for (let round = 0; round < ROUNDS; round += 1)
          seen.push(await see(browser, `${origin}/admin/tasks${hash}`, network));
        const of = (value: (one: Seen) => number): number => median(seen.map(value));
        const seconds = (value: number): string => `${(value / 1_000).toFixed(2)} s`;
        const kilobytes = (value: number): string => `${(value / 1_000).toFixed(1)} kB`;
        rows.push([
          view,
          network.title,
          seconds(of(({ firstContent }) => firstContent)),
          seconds(of(({ data }) => data)),
          kilobytes(of(({ page }) => page)),
          kilobytes(of(({ all }) => all)),
        ]);
      }
    }
    console.log(formatTable(['view', 'network', 'first content', 'data', 'page as sent', 'all as sent'], rows));
  } finally {
    await browser.close();
    await app.close();
    removeStore(FILE);
  }
}

await main();
