import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { uuidv7 } from 'uuidv7';
import { expect, it } from 'vitest';
import { until } from '../../../../test/support/until.js';
import { SystemClock } from '../../../clock/index.js';
import { SqliteEngine } from '../sqlite-engine.js';

it('a process that was taken for dead goes on where its heart cannot beat, and beats again when it can', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tasks-registration-'));
  const file = join(folder, 'tasks.db');
  const heartbeats = `${file}-workers`;
  const engine = new SqliteEngine(
    { database: file, synchronous: 'full', lease: 1_000, maxLostAttempts: 3 },
    {
      clock: new SystemClock(),
      logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
      keepFor: () => null,
      nextRun: () => null,
      mask: (params) => params,
      newId: uuidv7,
    },
  );
  await engine.open();
  const consumer = await engine.consume('default', { concurrency: 1, priority: 0, rateLimit: null }, () =>
    Promise.resolve({ kind: 'completed', keepFor: null, maxAttempts: 1 }),
  );
  try {
    const [before] = await engine.workers();
    // A file in the place of their folder: no heartbeat can be made.
    rmSync(heartbeats, { recursive: true });
    writeFileSync(heartbeats, '');
    const database = new Database(file);
    database.exec('DELETE FROM tasks_worker');
    database.close();
    const after = await until('its new id', async () => {
      const [worker] = await engine.workers();
      return worker && worker.id !== before!.id ? worker : null;
    });

    rmSync(heartbeats);
    await until('its heartbeat', () => existsSync(heartbeats) && readdirSync(heartbeats).includes(`${after.id}.alive`));
  } finally {
    await consumer.close(0);
    await engine.close();
  }
  expect(readdirSync(heartbeats)).toEqual([]);
  rmSync(folder, { recursive: true, force: true });
});
