// Takes pictures of each page of the admin panel, light, dark and 360 pixels wide, into docs/images.
// Of some pages alone: node scripts/screenshots.mjs workflow tasks
// Needs Chromium (Debian's package) and what `node scripts/build.mjs esm` builds.
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { startApp } from './screenshots-app.mjs';
import { withFewColours } from './screenshots-png.mjs';

const MAX_BYTES = 150_000;
const target = path.resolve(import.meta.dirname, '../docs/images');
const directory = await mkdtemp(path.join(tmpdir(), 'nestjs-tasks-screenshots-'));
const { app, dispatcher, workflow, url } = await startApp(directory);
const BROWSERS = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'];
const executablePath = BROWSERS.find((file) => existsSync(file));
const browser = await chromium.launch({ executablePath, args: ['--headless', '--no-sandbox'] });

const newest = async (filter) => (await dispatcher.list({ ...filter, limit: 1 })).items[0].id;
const failed = await newest({ state: 'failed', name: 'charge_card' });
const PAGES = [
  ['overview', '#/'],
  ['queue', '#/queues/payments'],
  ['name', '#/names/charge_card'],
  ['tasks', '#/tasks?state=failed'],
  ['task', `#/tasks/${failed}`],
  ['errors', '#/errors'],
  ['workflow', `#/workflows/${workflow}`],
  ['crons', '#/crons'],
  ['enqueue', '#/enqueue?name=send_email'],
  ['audit', '#/audit'],
];
const wanted = process.argv.slice(2);
const LOOKS = [
  { suffix: '', theme: 'light', width: 1280, height: 860 },
  { suffix: '-dark', theme: 'dark', width: 1280, height: 860 },
  { suffix: '-360', theme: 'light', width: 360, height: 780 },
];

// Something for the audit page.
for (const request of [
  ['queues/images/resume'],
  ['queues/images/pause'],
  [`crons/clean-up/trigger`],
  [`tasks/${await newest({ state: 'failed', name: 'resize_image' })}/retry`],
]) {
  const response = await fetch(`${url}/api/${request[0]}`, { method: 'POST' });
  if (!response.ok) throw new Error(`${request[0]}: ${response.status} ${await response.text()}`);
}

for (const { suffix, theme, width, height } of LOOKS) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: theme });
  for (const [name, hash] of PAGES) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    await page.goto(`${url}${hash}`);
    await page.locator('main h1').first().waitFor();
    await page.getByText('Reading …').first().waitFor({ state: 'detached' });
    await page.getByText('Drawing …').waitFor({ state: 'detached' });
    await page.waitForLoadState('load');
    await page.locator('footer').getByText('nestjs-tasks').waitFor();
    await page.evaluate('new Promise((resolve) => setTimeout(resolve, 400))');
    const bottom = await page.evaluate(`Math.ceil(document.querySelector('footer').getBoundingClientRect().bottom)`);
    const file = path.join(target, `${name}${suffix}.png`);
    const picture = withFewColours(
      await page.screenshot({ clip: { x: 0, y: 0, width, height: Math.min(height, bottom) } }),
    );
    if (picture.length > MAX_BYTES) throw new Error(`${file} has ${picture.length} bytes; ${MAX_BYTES} is the most.`);
    await writeFile(file, picture);
    console.log(`${path.relative(process.cwd(), file)}: ${picture.length} bytes`);
  }
  await page.close();
}
await browser.close();
await app.close();
await rm(directory, { recursive: true });
