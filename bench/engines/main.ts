/**
 * The library on each of its engines, one after the other in turns, on this machine:
 *
 *     npm run build:bench && node dist/bench/bench/engines/main.js [--rounds 5] [--scale 1]
 *
 * Prints the table of docs/engines.md. Servers are started for the run; those that are not installed are left out.
 */
import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IsEmail, IsInt } from 'class-validator';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { TaskHandler, TasksModule } from '../../lib/nest/index.js';
import { bullmq } from '../../lib/engine/bullmq/index.js';
import type { TasksModuleOptions } from '../../lib/config/index.js';
import { PostgresServer } from '../../test/support/servers/postgres-server.js';
import { findProgram } from '../../test/support/servers/program.js';
import { RedisServer } from '../../test/support/servers/redis-server.js';
import { median } from '../report/series.js';
import { formatTable } from '../report/table.js';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, scale: { type: 'string', default: '1' } },
});
const rounds = Number(values.rounds);
const scale = Number(values.scale);
const CONCURRENCY = 10;

class MailParams {
  @IsEmail() to!: string;
  @IsInt() n!: number;
}
const params = (n: number): MailParams => ({ to: 'ann@example.com', n });

/** One engine with an app on it. */
class Site {
  private ran: () => void = () => undefined;
  private tasks!: TaskDispatcher;
  close: () => Promise<void> = async () => undefined;

  async open(store: TasksModuleOptions): Promise<void> {
    const ran = (): void => this.ran();
    @TaskHandler('mail', { params: MailParams })
    class Mail {
      handle(): void {
        ran();
      }
    }
    class App {}
    const options = { configFile: false, admin: false, workers: { default: CONCURRENCY } } as const;
    Module({ imports: [TasksModule.forRoot({ ...options, ...store })], providers: [Mail] })(App);
    const app = await NestFactory.createApplicationContext(App, { logger: ['error', 'warn'] });
    this.tasks = app.get(TaskDispatcher);
    this.close = () => app.close();
  }

  /** Tasks a second of so many callers, each awaiting its own before the next. */
  async enqueue(callers: number, count: number): Promise<number> {
    return this.whilePaused(async () => {
      let next = 0;
      const call = async (): Promise<void> => {
        while (next < count) await this.tasks.queue('default', 'mail', params((next += 1)));
      };
      return perSecond(count, () => Promise.all(Array.from({ length: callers }, call)));
    });
  }

  async bulk(count: number): Promise<number> {
    const rows = Array.from({ length: 1_000 }, (_, n) => params(n));
    return this.whilePaused(() =>
      perSecond(count, async () => {
        for (let done = 0; done < count; done += rows.length) await this.tasks.queueMany('default', 'mail', rows);
      }),
    );
  }

  /** Tasks a second that are run by {@link CONCURRENCY} workers of this process. */
  async drain(count: number): Promise<number> {
    await this.tasks.pauseQueue('default');
    await this.tasks.queueMany(
      'default',
      'mail',
      Array.from({ length: count }, (_, n) => params(n)),
    );
    const all = this.runs(count);
    return perSecond(count, async () => {
      await this.tasks.resumeQueue('default');
      await all;
    });
  }

  /** Milliseconds from the call of `queue()` to the start of the handler, where nothing else waits: the median. */
  async pickUp(count: number): Promise<number> {
    const taken: number[] = [];
    for (let n = 0; n < count; n += 1) {
      const begun = performance.now();
      const started = this.runs(1).then(() => taken.push(performance.now() - begun));
      await this.tasks.queue('default', 'mail', params(n));
      await started;
    }
    return median(taken);
  }

  /** What waits at the end is run, so that the next measure finds nothing. */
  private async whilePaused(measure: () => Promise<number>): Promise<number> {
    await this.tasks.pauseQueue('default');
    const result = await measure();
    const waiting = (await this.tasks.stats()).find(({ queue }) => queue === 'default')!.counts.available;
    const all = this.runs(waiting);
    await this.tasks.resumeQueue('default');
    await all;
    return result;
  }

  private runs(count: number): Promise<void> {
    let left = count;
    return new Promise((done) => {
      this.ran = () => {
        left -= 1;
        if (left === 0) done();
      };
    });
  }
}

const MEASURES = {
  'enqueue, 1 caller, tasks/s': (site: Site) => site.enqueue(1, Math.ceil(300 * scale)),
  'enqueue, 100 callers, tasks/s': (site: Site) => site.enqueue(100, Math.ceil(3_000 * scale)),
  'enqueue, 1,000 a call, tasks/s': (site: Site) => site.bulk(1_000 * Math.ceil(5 * scale)),
  'run, 10 at once, tasks/s': (site: Site) => site.drain(Math.ceil(3_000 * scale)),
  'from `queue()` to the handler, idle, ms': (site: Site) => site.pickUp(Math.ceil(50 * scale)),
} as const;

async function main(): Promise<void> {
  const folder = mkdtempSync(join(resolve('data'), 'bench-engines-'));
  const cleanups: Array<() => Promise<void>> = [];
  const stores: Record<string, TasksModuleOptions> = { SQLite: { database: join(folder, 'tasks.db') } };
  if (findProgram('redis-server')) {
    for (const appendfsync of ['everysec', 'always']) {
      const server = await RedisServer.start({ appendfsync });
      cleanups.push(() => server.remove());
      const connection = { host: server.host, port: server.port };
      stores[`Redis, \`appendfsync ${appendfsync}\``] = { engine: bullmq({ connection }) };
    }
  }
  if (findProgram('initdb')) {
    const server = await PostgresServer.start();
    cleanups.push(() => server.remove());
    stores['PostgreSQL'] = { engine: bullmq({ postgres: await server.createDatabase() }) };
  }
  const sites = new Map<string, Site>();
  for (const [name, store] of Object.entries(stores)) {
    const site = new Site();
    await site.open(store);
    sites.set(name, site);
  }
  const lines: string[][] = [];
  for (const [title, measure] of Object.entries(MEASURES)) {
    const results = new Map([...sites.keys()].map((name): [string, number[]] => [name, []]));
    for (let round = 0; round <= rounds; round += 1) {
      const order = round % 2 === 0 ? [...sites] : [...sites].toReversed();
      for (const [name, site] of order) {
        const result = await measure(site);
        // The first round warms up.
        if (round > 0) results.get(name)!.push(result);
      }
    }
    lines.push([title, ...[...results.values()].map((found) => shown(median(found), found))]);
  }
  for (const site of sites.values()) await site.close();
  for (const cleanup of cleanups) await cleanup();
  rmSync(folder, { recursive: true, force: true });
  process.stdout.write(`${formatTable(['', ...sites.keys()], lines)}\n\n`);
  process.stdout.write(`${cpus().length} × ${cpus()[0]!.model}, Node.js ${process.version}, ${rounds} rounds\n`);
}

async function perSecond(count: number, work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (count * 1_000) / (performance.now() - begun);
}

function shown(middle: number, found: readonly number[]): string {
  const digits = middle < 100 ? 1 : 0;
  const [least, most] = [Math.min(...found), Math.max(...found)].map((value) => value.toFixed(digits));
  return `${middle.toFixed(digits)} (${least}–${most})`;
}

await main();
