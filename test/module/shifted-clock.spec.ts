import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SystemClock } from '../../lib/clock/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import { bootApp, dispatcherOf, ended } from './support.js';

const HOUR_MS = 60 * 60_000;

/** The machine's, an hour ahead. */
class ClockAhead extends SystemClock {
  override now(): number {
    return super.now() + HOUR_MS;
  }
}

class Handlers {
  private attempts = 0;

  @TaskHandler('fails', { maxRetries: 1, retryDelay: '20ms' })
  fails(): void {
    this.attempts += 1;
    if (this.attempts === 1) throw new Error('once');
  }
}

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tasks-shifted-'))));
afterEach(() => rmSync(folder, { recursive: true }));

it.each([
  ["extends the machine's", () => new ClockAhead()],
  ["is the machine's, changed", () => Object.assign(new SystemClock(), { now: () => new ClockAhead().now() })],
])('a store on a file goes by a clock that %s: what is due by it runs', async (_what, clock) => {
  const app = await bootApp({
    providers: [Handlers],
    tasks: { database: join(folder, 'tasks.db'), clock: clock(), workers: { default: 1 } },
  });
  const tasks = dispatcherOf(app);
  const { id } = await tasks.queue('default', 'fails', {});
  const later = await tasks.queueAt('default', new Date(Date.now() + HOUR_MS / 2), 'fails', {});
  expect((await ended(tasks, id)).state).toBe('completed');
  expect((await ended(tasks, later.id)).state).toBe('completed');
});
