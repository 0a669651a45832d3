import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { uuidv7 } from 'uuidv7';
import { expect, it } from 'vitest';
import { until } from '../../../../test/support/until.js';
import { SystemClock } from '../../../clock/index.js';
import type { RunTask, TaskEngine } from '../../port/index.js';
import { sqliteEngine } from '../sqlite-engine.js';

const ONE = { concurrency: 1, priority: 0, rateLimit: null };
const completes: RunTask = () => Promise.resolve({ kind: 'completed', keepFor: null, maxAttempts: 1 });

function engineOn(database: string): TaskEngine {
  return sqliteEngine(
    { database, synchronous: 'full', lease: 1_000, maxLostAttempts: 3 },
    {
      clock: new SystemClock(),
      logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
      keepFor: () => null,
      nextRun: () => null,
      mask: (params) => params,
      newId: uuidv7,
    },
  );
}

it('a process whose heartbeat somebody removed makes it anew, with its folder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tasks-registration-'));
  const file = join(folder, 'tasks.db');
  const engine = engineOn(file);
  await engine.open();
  const consumer = await engine.delivering.consume('default', ONE, completes);
  try {
    const { id } = (await engine.inspecting.workers())[0]!;
    const heartbeat = join(`${file}-workers`, `${id}.alive`);
    for (const removed of [heartbeat, `${file}-workers`]) {
      rmSync(removed, { recursive: true });
      await until('its heartbeat', () => existsSync(heartbeat));
    }
    expect(await engine.inspecting.workers()).toMatchObject([{ id }]);
  } finally {
    await consumer.close(0);
    await engine.close();
  }
  expect(readdirSync(`${file}-workers`)).toEqual(['writer']);
  rmSync(folder, { recursive: true, force: true });
});

it('a process that was taken for dead goes on where its heart cannot beat, and beats again when it can', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tasks-registration-'));
  const file = join(folder, 'tasks.db');
  const heartbeats = `${file}-workers`;
  const engine = engineOn(file);
  await engine.open();
  const consumer = await engine.delivering.consume('default', ONE, completes);
  try {
    const [before] = await engine.inspecting.workers();
    // A file in the place of their folder: no heartbeat can be made.
    rmSync(heartbeats, { recursive: true });
    writeFileSync(heartbeats, '');
    const database = new Database(file);
    database.exec('DELETE FROM tasks_worker');
    database.close();
    const after = await until('its new id', async () => {
      const [worker] = await engine.inspecting.workers();
      return worker && worker.id !== before!.id ? worker : null;
    });

    rmSync(heartbeats);
    await until('its heartbeat', () => existsSync(heartbeats) && readdirSync(heartbeats).includes(`${after.id}.alive`));
    // What began before could not be noted, and must not pass for never begun.
    expect(readdirSync(heartbeats)).not.toContain(`${after.id}.begun`);
  } finally {
    await consumer.close(0);
    await engine.close();
  }
  expect(readdirSync(heartbeats)).toEqual(['writer']);
  rmSync(folder, { recursive: true, force: true });
});
