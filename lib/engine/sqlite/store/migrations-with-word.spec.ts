import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { START } from '../../../../test/conformance/harness.js';
import { BEFORE_TAGS, STATES_BEFORE_TAGS, writeOlderStore } from '../../../../test/support/older-store.js';
import { ManualClock } from '../../../clock/index.js';
import { MIGRATION_NAMES } from './migrations/index.js';
import { openConnection } from './open-connection.js';

const SCHEMA = `SELECT name, sql FROM sqlite_schema WHERE name LIKE 'tasks%' ORDER BY name`;

describe('a file of the version before tags', () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tasks-migrations-'));
    file = join(folder, 'tasks.db');
    await writeOlderStore(file, new ManualClock(START));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const query = <T>(sql: string): T[] => {
    const database = new Database(file);
    const rows = database.prepare<[], T>(sql).all();
    database.close();
    return rows;
  };

  it('comes to the schema of a new one where the change was broken off in between', async () => {
    const before = query(SCHEMA);
    const inTheWay = new Database(file);
    inTheWay.exec('CREATE VIEW tasks_lapse AS SELECT 1 AS at');
    inTheWay.close();
    await expect(openConnection(file, 'full')).rejects.toThrow(/views may not be indexed/);
    const remover = new Database(file);
    remover.exec('DROP VIEW tasks_lapse');
    remover.close();
    expect(query(SCHEMA)).toEqual(before);

    await (await openConnection(file, 'full')).close();
    const fresh = await openConnection(join(folder, 'fresh.db'), 'full');
    const tables = `SELECT name FROM sqlite_schema WHERE name LIKE 'tasks%' ORDER BY name`;
    expect(query(tables)).toEqual(fresh.database.prepare(tables).all());
    await fresh.close();
    expect(query(`SELECT count(*) AS tasks FROM tasks_task`)).toEqual([{ tasks: STATES_BEFORE_TAGS.length }]);
  });

  it('is announced with its tasks where it has many, and what was done is told', async () => {
    const lines: string[] = [];
    const logger = { log: (line: string) => void lines.push(line), warn: () => undefined };
    const counters = new Database(file);
    counters.exec(`INSERT INTO tasks_count (queue, state, count) VALUES ('big', 'completed', 2000000)`);
    counters.close();
    await (await openConnection(file, 'full', logger)).close();
    expect(lines[0]).toContain(`${file} has 2000007 tasks and tables of an older version: "TaskTraits1764700000000"`);
    expect(lines[0]).toContain('which takes less than a second');
    const done = MIGRATION_NAMES.slice(BEFORE_TAGS).map((name) =>
      expect.stringMatching(new RegExp(`: ${name} took \\d+ ms\\.$`)),
    );
    expect(lines.slice(1)).toEqual(done);
    await (await openConnection(file, 'full', logger)).close();
    expect(lines).toHaveLength(1 + done.length);
  });

  it('is changed without a word where it has few', async () => {
    const lines: string[] = [];
    const logger = { log: (line: string) => void lines.push(line), warn: () => undefined };
    await (await openConnection(file, 'full', logger)).close();
    await (await openConnection(join(folder, 'fresh.db'), 'full', logger)).close();
    expect(lines).toEqual([]);
  });
});
