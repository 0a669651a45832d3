import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONSUME, completed, contextWith, newTask, START } from '../../../../test/conformance/harness.js';
import { ManualClock } from '../../../clock/index.js';
import { TASK_STATES, type TaskState } from '../../../contract/index.js';
import { checkStore } from '../backup/check-store.js';
import { sqliteEngine } from '../sqlite-engine.js';
import { MIGRATION_NAMES, TASKS_MIGRATIONS } from './migrations/index.js';
import { openConnection } from './open-connection.js';

const BEFORE = MIGRATION_NAMES.indexOf('TaskTraits1764700000000');
const SCHEMA = `SELECT name, sql FROM sqlite_schema WHERE name LIKE 'tasks%' ORDER BY name`;

/** Those that there were. */
const STATES = TASK_STATES.filter((state) => !['held', 'suspended', 'blocked'].includes(state));

describe('a file of the version before tags', () => {
  const clock = new ManualClock(START);
  let folder: string;
  let file: string;
  let ids: Map<TaskState, string>;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tasks-migrations-'));
    file = join(folder, 'tasks.db');
    const source = new DataSource({
      type: 'better-sqlite3',
      database: file,
      migrations: TASKS_MIGRATIONS.slice(0, BEFORE),
      migrationsTableName: 'tasks_migration',
      migrationsRun: true,
    });
    await source.initialize();
    ids = new Map(STATES.map((state) => [state, newTask(clock).id]));
    for (const [state, id] of ids) {
      const ended = ['completed', 'failed', 'cancelled'].includes(state);
      const begun = state !== 'available' && state !== 'scheduled';
      await source.query(
        `INSERT INTO tasks_task (id, queue, name, state, run_at, created_at, attempt, worker, started_at, finished_at, max_attempts, params)
         VALUES (?, 'default', 'work', ?, ?, ?, ?, ?, ?, ?, 4, '{}')`,
        [id, state, START, START, begun ? 1 : 0, begun ? 'gone' : null, begun ? START : null, ended ? START : null],
      );
    }
    await source.query(
      `INSERT INTO tasks_count (queue, state, count) SELECT queue, state, count(*) FROM tasks_task GROUP BY 1, 2`,
    );
    await source.destroy();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const query = <T>(sql: string): T[] => {
    const database = new Database(file);
    const rows = database.prepare<[], T>(sql).all();
    database.close();
    return rows;
  };

  it('with tasks in every state is opened, worked on, and found to be right', async () => {
    const options = { database: file, synchronous: 'normal', lease: 10_000, maxLostAttempts: 5 } as const;
    const engine = sqliteEngine(options, contextWith(clock));
    await engine.open();
    for (const [state, id] of ids) expect((await engine.inspecting.get(id))!.state, state).toBe(state);
    const tagged = newTask(clock, { traits: { tags: { customer: '42' } } });
    await engine.enqueueing.enqueue([tagged]);
    const done = new Promise<void>((resolve) => {
      let left = 3;
      void engine.delivering.consume('default', CONSUME, () => {
        if ((left -= 1) === 0) setImmediate(resolve);
        return Promise.resolve(completed);
      });
    });
    await engine.acting.act('retry', { ids: [ids.get('failed')!] });
    await done;
    const { items } = await engine.inspecting.list({ tags: { customer: '42' } }, { limit: 10 });
    expect(items.map(({ id }) => id)).toEqual([tagged.id]);
    expect((await engine.inspecting.list({ from: START }, { limit: 20 })).items).toHaveLength(8);
    await engine.close();
    const found = await checkStore(file, { lease: 10_000 });
    expect(found.filter(({ kind }) => kind !== 'orphaned-task')).toEqual([]);
  });

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
    expect(query(`SELECT count(*) AS tasks FROM tasks_task`)).toEqual([{ tasks: STATES.length }]);
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
    const done = MIGRATION_NAMES.slice(BEFORE).map((name) =>
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
