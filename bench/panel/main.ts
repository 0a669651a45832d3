// How the panel does over a great store: node dist/bench/bench/panel/main.js
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { median } from '../report/series.js';
import { formatTable } from '../report/table.js';
import { checkErrors, followSearches } from './answers.js';
import { startApp } from './app.js';
import { measureBeside } from './beside.js';
import { fill, removeStore, type Amounts } from './fill.js';
import { routes } from './routes.js';

const SMALL = process.argv.includes('--small');
const AMOUNTS: Amounts = SMALL
  ? { completed: 19_000, failed: 1_000, waiting: 2_000 }
  : { completed: 980_000, failed: 20_000, waiting: 100_000 };
const REQUESTS = SMALL ? 3 : 15;
const DRAINED = SMALL ? 2_000 : 200_000;
const ROUNDS = SMALL ? 1 : 5;
const TABS = 2;

const FOLDER = 'data/bench';
const FILE = join(FOLDER, 'panel.db');

async function main(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  removeStore(FILE);
  await (await startApp(FILE)).app.close();
  fill(FILE, AMOUNTS);
  const { app, origin } = await startApp(FILE);
  try {
    const held = Object.entries(AMOUNTS).map(([state, count]) => `${count.toLocaleString('en')} ${state}`);
    console.log(`\nA SQLite store with ${held.join(', ')} tasks.\n`);
    console.log(`${await checkErrors(origin, FILE)}\n`);
    console.log(`${await followSearches(origin)}\n`);
    console.log(`${await timeRoutes(origin)}\n`);
    console.log(await measureBeside(origin));
    if (!process.argv.includes('--no-drains')) console.log(await measureDrains(app.get(TaskDispatcher), origin));
  } finally {
    await app.close();
    removeStore(FILE);
  }
}

/** A table of what each route takes, and for how long at most it keeps the event loop of its process from turning. */
async function timeRoutes(origin: string): Promise<string> {
  const rows: string[][] = [];
  for (const { title, times = REQUESTS, ask } of await routes(origin)) {
    const took: number[] = [];
    const used = process.cpuUsage();
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    for (let request = 0; request < times; request += 1) {
      const began = performance.now();
      const response = await ask();
      await response.arrayBuffer();
      took.push(performance.now() - began);
      if (!response.ok) throw new Error(`${title}: ${response.status}`);
    }
    delay.disable();
    const { user, system } = process.cpuUsage(used);
    took.sort((left, right) => left - right);
    const cpu = (user + system) / 1_000 / times;
    rows.push([title, ms(took[took.length >> 1]!), ms(took.at(-1)!), ms(cpu), ms(delay.max / 1e6)]);
  }
  return formatTable(
    ['route', 'median', 'slowest', 'processor time, the client included', 'longest turn of the event loop'],
    rows,
  );
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}

interface Drain {
  readonly tasksPerSecond: number;
  /** Of this process, in microseconds: on a busy machine it tells more than the time that passed. */
  readonly cpuPerTask: number;
}

/** What this process's workers get done without the panel and with it open, in turns. */
async function measureDrains(dispatcher: TaskDispatcher, origin: string): Promise<string> {
  const alone: Drain[] = [];
  const watched: Drain[] = [];
  await drain(dispatcher);
  for (let round = 0; round < ROUNDS; round += 1) {
    alone.push(await drain(dispatcher));
    const tabs = await Promise.all(Array.from({ length: TABS }, () => openTab(origin)));
    watched.push(await drain(dispatcher));
    for (const tab of tabs) await close(tab);
  }
  const row = (title: string, drains: readonly Drain[]): string[] => [
    title,
    Math.round(median(drains.map(({ tasksPerSecond }) => tasksPerSecond))).toLocaleString('en'),
    `${median(drains.map(({ cpuPerTask }) => cpuPerTask)).toFixed(1)} µs`,
  ];
  const table = formatTable(
    ['drain', 'tasks/s', 'processor time a task'],
    [row('no panel open', alone), row(`the panel open in ${TABS} tabs`, watched)],
  );
  return `\n${table}\n`;
}

async function drain(dispatcher: TaskDispatcher): Promise<Drain> {
  await dispatcher.pauseQueue('default');
  for (let stored = 0; stored < DRAINED; stored += 1_000) {
    const rows = Array.from({ length: 1_000 }, (_, index) => ({ index: stored + index }));
    await dispatcher.queueMany('default', 'drained', rows);
  }
  const used = process.cpuUsage();
  const began = performance.now();
  await dispatcher.resumeQueue('default');
  await new Promise<void>((resolve, reject) => {
    const look = (): void => {
      dispatcher.stats().then((queues) => {
        const { available, running } = queues.find(({ queue }) => queue === 'default')!.counts;
        if (available + running === 0) resolve();
        else setTimeout(look, 20);
      }, reject);
    };
    look();
  });
  const { user, system } = process.cpuUsage(used);
  return {
    tasksPerSecond: DRAINED / ((performance.now() - began) / 1_000),
    cpuPerTask: (user + system) / DRAINED,
  };
}

async function openTab(origin: string): Promise<ChildProcess> {
  const tab = fork(join(import.meta.dirname, 'tab.js'), [origin]);
  await once(tab, 'message');
  return tab;
}

async function close(tab: ChildProcess): Promise<void> {
  const closed = once(tab, 'close');
  tab.kill();
  await closed;
}

await main();
