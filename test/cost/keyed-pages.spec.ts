import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIT_ALL, FIRST_HELD_OF_KEYS } from '../../lib/engine/sqlite/sql/admit-one-of-each.js';
import { CLAIM_TURNS, NEXT_TURNS, RUNNING_IN_QUEUE } from '../../lib/engine/sqlite/sql/claim-turns.js';
import { DUE_KEY_LIMITS, NEXT_KEY_LIMIT } from '../../lib/engine/sqlite/sql/key-limits.js';
import { UNPARK_NEXT } from '../../lib/engine/sqlite/sql/parked-tasks.js';
import { limitOfKey } from '../../lib/engine/sqlite/sql/start-log.js';
import { REJOIN } from '../../lib/engine/sqlite/sql/settle-keys.js';
import { ADMIT, FIRST_TURN, LAST_READY, LAST_TURN, NEXT_HELD, TAKEN_SLOTS } from '../../lib/engine/sqlite/sql/slots.js';
import { openConnection } from '../../lib/engine/sqlite/store/open-connection.js';
import { IO, pagesRead } from './pages-read.js';

const QUEUE = 'work';
const KEY = 'acme';
const NOW = Date.UTC(2027, 0, 1);
/** A key of which many tasks wait for a place of its rate limit. */
const LIMITED = 'limited';
const READY = 1;
const HELD = 10;

/** What a claim, and an end, asks for a task with a key. */
const STATEMENTS: ReadonlyArray<readonly [what: string, sql: string, parameters: readonly unknown[]]> = [
  ['whose turn it is', NEXT_TURNS, [QUEUE, 10]],
  ['claim', CLAIM_TURNS, ['worker', NOW, JSON.stringify([READY])]],
  ['what runs of the queue', RUNNING_IN_QUEUE, [QUEUE, 10]],
  ['slots that are taken', TAKEN_SLOTS, [QUEUE, KEY, 10]],
  ['the next that is held', NEXT_HELD, [QUEUE, KEY, 1]],
  ['the last that is ready', LAST_READY, [QUEUE, KEY, 1]],
  ['the head of the line', FIRST_TURN, [QUEUE, 0]],
  ['the last turn of the key', LAST_TURN, [QUEUE, KEY, 0]],
  ['make one ready', ADMIT, [3, HELD]],
  ['the first that is held, of each key', FIRST_HELD_OF_KEYS, [QUEUE, 10, JSON.stringify([KEY]), QUEUE]],
  ['make one of each key ready', ADMIT_ALL, [3, JSON.stringify([HELD])]],
  ['join the line again', REJOIN, [READY]],
  ['keys that are due', DUE_KEY_LIMITS, [QUEUE, 1, NOW, 10]],
  ['when the next key is due', NEXT_KEY_LIMIT, [QUEUE]],
  ['the next that waits for a place of its key', UNPARK_NEXT, [limitOfKey(QUEUE, LIMITED), QUEUE, 1]],
];

/** Trees of 100,000 entries are two pages higher than those of ten; a statement goes down six of them at most. */
const MORE_FOR_HEIGHT = 12;

describe.runIf(existsSync(IO))('Pages that statements about keys visit', () => {
  let folder: string;
  let few: string;
  let many: string;

  /** A store with so many held tasks of one key, as many that have ended, and as many that a limit of another key parks. */
  const storeWith = async (held: number): Promise<string> => {
    const file = join(folder, `${held}.db`);
    const connection = await openConnection(file, 'normal');
    const { database } = connection;
    const insert = database.prepare(`
      INSERT INTO tasks_task (seq, id, queue, name, state, run_at, created_at, key, turn, params)
      WITH RECURSIVE number(i) AS (SELECT ? UNION ALL SELECT i + 1 FROM number WHERE i < ?)
      SELECT i, printf('%s-%08d', ?, i), ?, 'job', ?, ?, ?, ?, ?, '{}' FROM number`);
    const put = (first: number, count: number, state: string, turn: number | null, key = KEY): void => {
      insert.run(first, first + count - 1, `${state}-${key}`, QUEUE, state, NOW, NOW, key, turn);
    };
    database.transaction(() => {
      put(READY, 1, 'available', 1);
      put(READY + 1, 1, 'running', 0);
      put(HELD, held, 'held', null);
      put(1_000_000, held, 'completed', null);
      put(2_000_000, held, 'available', 0, LIMITED);
      database.prepare('UPDATE tasks_task SET parked = ? WHERE seq >= 2000000').run(limitOfKey(QUEUE, LIMITED));
      // As many keys wait, each for a place that it has later.
      database
        .prepare(
          `INSERT INTO tasks_key_limit SELECT 'key:' || seq, queue, 1, ? + seq FROM tasks_task WHERE seq >= 2000000`,
        )
        .run(NOW);
    })();
    database.pragma('wal_checkpoint(TRUNCATE)');
    await connection.close();
    return file;
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keyed-pages-'));
    few = await storeWith(10);
    many = await storeWith(100_000);
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(STATEMENTS)('%s: no more for what is held', (_what, sql, parameters) => {
    const visited = (file: string): number =>
      pagesRead(file, sql, (statement) => {
        if (statement.reader) statement.all(...parameters);
        else statement.run(...parameters);
      });
    expect(visited(many)).toBeLessThanOrEqual(visited(few) + MORE_FOR_HEIGHT);
  });
});
