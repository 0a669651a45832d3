import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { expect, it } from 'vitest';
import { contextWith } from '../../../test/conformance/harness.js';
import { SystemClock } from '../../clock/index.js';
import { sqliteEngine } from './sqlite-engine.js';

it.each([
  ['NORMAL', 'full', 1],
  ['FULL', 'full', 0],
  ['NORMAL', 'normal', 0],
] as const)('an app that commits with %s and asks for %s is told so %d times', async (theirs, synchronous, times) => {
  const folder = mkdtempSync(join(tmpdir(), 'tasks-synchronous-'));
  const source = await new DataSource({
    type: 'better-sqlite3',
    database: join(folder, 'app.db'),
    enableWAL: true,
    prepareDatabase: (database: { pragma(text: string): unknown }) => void database.pragma(`synchronous = ${theirs}`),
  }).initialize();
  const warnings: string[] = [];
  const logger = {
    log: () => undefined,
    error: () => undefined,
    warn: (message: string) => void warnings.push(message),
  };
  const engine = sqliteEngine(
    { database: source, synchronous, lease: 10_000, maxLostAttempts: 3 },
    contextWith(new SystemClock(), { logger }),
  );
  await engine.open();
  await engine.close();
  await source.destroy();
  rmSync(folder, { recursive: true, force: true });
  expect(warnings.filter((warning) => warning.includes('synchronous=NORMAL'))).toHaveLength(times);
});
