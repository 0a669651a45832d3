import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { monotonicTime } from '../../lib/clock/index.js';
import { TasksHealth } from '../../lib/health/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import { bootApp, dispatcherOf, ended, onTestEnd, tempDirectory } from '../module/support.js';
import { until } from '../support/until.js';
import { describeHealth } from './health.suite.js';

const BLOCKED_MS = 600;

class Jobs {
  @TaskHandler('block')
  block(): void {
    const end = monotonicTime() + BLOCKED_MS;
    while (monotonicTime() < end);
  }
}

describeHealth('in a file', async () => ({ database: join(tempDirectory(), 'tasks.db') }));

describe('health of an app on a file', () => {
  it('is bad for once where a handler has blocked the event loop', async () => {
    const app = await bootApp({ tasks: { database: join(tempDirectory(), 'tasks.db') }, providers: [Jobs] });
    const health = app.get(TasksHealth);
    await health.live();
    await ended(dispatcherOf(app), (await dispatcherOf(app).queue('default', 'block', {})).id);
    expect(await health.live({ blocked: BLOCKED_MS / 2 })).toMatchObject({
      ok: false,
      problems: [expect.stringMatching(/^The event loop stood still for \d/) as string],
    });
    await until('a good report', async () => (await health.live({ blocked: BLOCKED_MS / 2 })).ok);
  });

  it('is not ready while another process holds the file for itself, and is once it lets go', async () => {
    const database = join(tempDirectory(), 'tasks.db');
    const app = await bootApp({ tasks: { database }, providers: [Jobs] });
    const health = app.get(TasksHealth);
    await until('a good report', async () => (await health.ready()).ok);
    const other = new Database(database);
    onTestEnd(() => void other.close());
    other.exec('BEGIN IMMEDIATE');
    expect(await health.ready({ timeout: 200 })).toEqual({
      ok: false,
      problems: ['The store takes nothing: it took longer than 0.2 s.'],
    });
    other.exec('COMMIT');
    await until('a good report', async () => (await health.ready()).ok);
  });
});
