import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { DataSource } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../../lib/clock/index.js';
import { checkStore } from '../../lib/engine/sqlite/backup/index.js';
import { sqliteEngine } from '../../lib/engine/sqlite/index.js';
import { contextWith } from '../conformance/harness.js';
import { useProgram } from '../support/run/use-program.js';
import { claimingTask, type RaceReport, type RaceSetup } from './worker/setup.js';

/** Keys that all insert at once; ten thousand by `UNIQUE_ROUNDS=10000`. */
const ROUNDS = Number(process.env.UNIQUE_ROUNDS ?? 60);
const TIMEOUT_MS = 240_000 + ROUNDS * 50;

describe('one holder of each unique key', () => {
  const program = useProgram('test/uniqueness/worker/main');
  const clock = new SystemClock();
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tasks-unique-'));
    file = join(folder, 'app.db');
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function start(dieAfter: number | null): Promise<ChildProcess> {
    const setup: RaceSetup = { file, rounds: ROUNDS, dieAfter };
    const child = spawn(process.execPath, [program.file, JSON.stringify(setup)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    return child;
  }

  async function reportOf(child: ChildProcess): Promise<RaceReport | null> {
    let text = '';
    child.stdout!.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.stdin!.write('go\n');
    const [, signal] = (await once(child, 'close')) as [number | null, string | null];
    return signal === null ? (JSON.parse(text) as RaceReport) : null;
  }

  /** Enqueues each key in a transaction of the app, of which some are rolled back. */
  async function transactions(): Promise<RaceReport> {
    const app = await new DataSource({ type: 'better-sqlite3', database: file }).initialize();
    await app.query('PRAGMA busy_timeout = 30000');
    const engine = sqliteEngine(
      { database: app, synchronous: 'normal', lease: 10_000, maxLostAttempts: 5 },
      contextWith(clock),
    );
    await engine.open();
    const held: Record<string, string> = {};
    for (let round = 0; round < ROUNDS; round += 1) {
      const isKept = round % 5 !== 4;
      await app
        .transaction(async (manager) => {
          const task = claimingTask(uuidv7(), clock, round);
          const [answer] = await engine.enqueueing.enqueue([task], manager);
          if (!isKept) throw new Error('rolled back');
          held[round] = typeof answer === 'object' ? answer.holder : task.id;
        })
        .catch((error: Error) => expect(error.message).toBe('rolled back'));
    }
    await engine.close();
    await app.destroy();
    return held;
  }

  it(
    'where two processes and the app’s transactions enqueue at once, and one is killed',
    { timeout: TIMEOUT_MS },
    async () => {
      const children = [await start(null), await start(null), await start(Math.floor(ROUNDS / 3))];
      const reports = await Promise.all([...children.map(reportOf), transactions()]);
      expect(reports[2]).toBeNull();

      const database = new Database(file, { readonly: true });
      const rows = database
        .prepare<[], { id: string; round: string }>(
          `SELECT id, substr(traits ->> '$.unique.key', 7) AS round FROM tasks_task ORDER BY seq`,
        )
        .all();
      database.close();
      const holders = Object.fromEntries(rows.map(({ id, round }) => [round, id]));
      // One task for each key, and everybody was told of that one.
      expect(rows).toHaveLength(ROUNDS);
      expect(Object.keys(holders)).toHaveLength(ROUNDS);
      for (const report of [reports[0]!, reports[1]!]) expect(report).toEqual(holders);
      expect(holders).toMatchObject(reports[3]!);
      expect(await checkStore(file, { lease: 10_000 })).toEqual([]);
    },
  );
});
