import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TaskContext } from '../../lib/attempts/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import { bootApp, dispatcherOf } from '../module/support.js';
import { useProgram } from '../support/run/use-program.js';
import { until } from '../support/until.js';
import { KILL_STEPS, type KilledSetup } from './worker/setup.js';

/** Of each step; a thousand and more kills by `OUTBOX_KILLS=250`. */
const KILLS = Number(process.env.OUTBOX_KILLS ?? 4);

/** @param database of the app, anew and empty */
export function describeKills(name: string, database: (folder: string) => Promise<DataSourceOptions>): void {
  describe(`processes killed with an outbox in ${name}`, () => {
    const worker = useProgram('test/outbox/worker/main');
    let folder: string;

    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'tasks-outbox-'));
    });

    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    /** Resolves to the signal that ended the process. */
    function runKilled(setup: KilledSetup): Promise<string> {
      const child = spawn(process.execPath, [worker.file, JSON.stringify(setup)], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let errors = '';
      child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
      return new Promise((resolve) =>
        child.once('close', (code, signal) => resolve(signal ?? `exit ${code}: ${errors}`)),
      );
    }

    it(
      'leave no order without its task and no task without its order, and each runs once',
      async () => {
        const options = await database(folder);
        const app = await new DataSource(options).initialize();
        await app.query('CREATE TABLE orders (id varchar(64) PRIMARY KEY)');
        const tasksFile = join(folder, 'tasks.db');
        for (let round = 0; round < KILLS; round += 1) {
          // Two at a time, at different steps: their relays meet.
          for (const [here, there] of [KILL_STEPS.slice(0, 2), KILL_STEPS.slice(2)]) {
            const setups = [here!, there!].map((step) => ({ step, survive: round % 3, app: options, tasksFile }));
            expect(await Promise.all(setups.map(runKilled))).toEqual(['SIGKILL', 'SIGKILL']);
          }
        }

        const ran: string[] = [];
        @Injectable()
        class Work {
          @TaskHandler('work')
          async work({ order }: { order: string }, task: TaskContext): Promise<void> {
            expect(task.id).toBe(order);
            ran.push(order);
          }
        }
        const context = await bootApp({
          tasks: { database: tasksFile, outbox: { dataSource: app }, workers: 5 },
          providers: [Work],
        });
        const rows: Array<{ id: string }> = await app.query('SELECT id FROM orders');
        const orders = rows.map(({ id }) => id).toSorted();
        const left = async (): Promise<number> =>
          Number((await app.query('SELECT count(*) AS n FROM nestjs_tasks_outbox'))[0].n);
        await until('all to run', async () => ran.length >= orders.length && (await left()) === 0);
        const stats = await until('all to end', async () => {
          const found = (await dispatcherOf(context).stats()).find(({ queue }) => queue === 'default')!;
          return found.counts.available + found.counts.running === 0 && found;
        });
        expect(orders.length).toBeGreaterThanOrEqual(KILLS * 3);
        expect(ran.toSorted()).toEqual(orders);
        expect(stats.counts.completed).toBe(orders.length);
        await context.close();
        await app.destroy();
      },
      60_000 + KILLS * 10_000,
    );
  });
}
