import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { tellsTime } from '../../common/index.js';
import { giveKeysBack, tasksWithoutKey } from './check-keys.js';

/** Tables with rows of few tasks, and the columns that name a task; a trigger deletes the rows with their task. */
const BESIDE = [
  ['tasks_result', 'task'],
  ['tasks_tag', 'task'],
  ['tasks_own_id', 'task'],
  ['tasks_lapse', 'task'],
  ['tasks_unique', 'task'],
  ['tasks_step', 'task'],
  ['tasks_signal', 'task'],
  ['tasks_node_task', 'task'],
  ['tasks_settling', 'task'],
] as const;
export type BesideTable = (typeof BESIDE)[number][0];

/** Every task that has a row beside it. */
const HAVING_BESIDE = BESIDE.map(([table, column]) => `SELECT ${column} AS task FROM ${table}`).join(' UNION ');
const UNMARKED = `beside IS NULL AND seq IN (${HAVING_BESIDE})`;

const IS_BROKEN = `traits IS NOT NULL AND (NOT json_valid(traits) OR json_type(traits) <> 'object')`;
/** A JSON function that is given anything but JSON fails, and the check with it. */
const READABLE = `CASE WHEN ${IS_BROKEN} THEN NULL ELSE traits END`;

/** What the rows of tasks say, which `tasks_tag` does not. */
const UNLISTED_TAGS = `
  SELECT tag.key AS name, tag.atom AS value, seq AS task
    FROM tasks_task, json_each(${READABLE}, '$.tags') AS tag
   WHERE traits IS NOT NULL AND tag.type = 'text'
     AND NOT EXISTS (SELECT 1 FROM tasks_tag AS listed
                      WHERE listed.name = tag.key AND listed.value = tag.atom AND listed.task = seq)`;

/** The other way round. One of a task whose traits cannot be read is all that is left of them. */
const UNSAID_TAGS = `
  SELECT listed.name, listed.value, listed.task
    FROM tasks_tag AS listed JOIN tasks_task ON seq = listed.task
   WHERE NOT (${IS_BROKEN}) IS TRUE
     AND NOT EXISTS (SELECT 1 FROM json_each(${READABLE}, '$.tags') AS tag
                      WHERE tag.key = listed.name AND tag.atom = listed.value)`;

/** Tags are told from `tasks_tag`; of a time or a version nothing else is left. */
const REBUILD_TRAITS = `
  UPDATE tasks_task
     SET traits = (SELECT json_object('tags', json_group_object(name, value)) FROM tasks_tag
                    WHERE tasks_tag.task = seq HAVING count(*) > 0)
   WHERE ${IS_BROKEN}`;

/** Rows of few tasks that are not as they should be. */
export interface BesideFaults {
  /** Tables with rows of tasks that there are not. */
  readonly stray: ReadonlyArray<{ readonly table: BesideTable; readonly rows: number }>;
  /** Tasks that have rows beside them and do not say so: the rows would stay when the task goes. */
  readonly unmarked: number;
  /** Tasks whose traits are no JSON. */
  readonly broken: number;
  /** Tags that the task and the list of tags do not have alike. */
  readonly differing: number;
  /** Tasks whose ids do not tell when they were enqueued, and that are not listed by it. */
  readonly untimed: number;
  /** Tasks that hold a unique key of which nothing is listed. */
  readonly keyless: number;
}

/** Reads every task: for a check, never for an app at work. */
export function besideFaults(database: Database): BesideFaults {
  const count = (sql: string): number => database.prepare<[], number>(sql).pluck().get()!;
  const stray = new Map<BesideTable, number>();
  for (const [table, column] of BESIDE) {
    const rows = count(`SELECT count(*) FROM ${table} WHERE ${column} NOT IN (SELECT seq FROM tasks_task)`);
    if (rows > 0) stray.set(table, Math.max(rows, stray.get(table) ?? 0));
  }
  return {
    stray: [...stray].map(([table, rows]) => ({ table, rows })),
    unmarked: count(`SELECT count(*) FROM tasks_task WHERE ${UNMARKED}`),
    broken: count(`SELECT count(*) FROM tasks_task WHERE ${IS_BROKEN}`),
    differing: count(`SELECT count(*) FROM (${UNLISTED_TAGS})`) + count(`SELECT count(*) FROM (${UNSAID_TAGS})`),
    untimed: untimedTasks(database).length,
    keyless: tasksWithoutKey(database),
  };
}

/** Puts right what {@link besideFaults} finds. What the task's own row says is right. */
export function repairBeside(transaction: Transaction): void {
  const { database } = transaction;
  for (const [table, column] of BESIDE) {
    statement(database, `DELETE FROM ${table} WHERE ${column} NOT IN (SELECT seq FROM tasks_task)`).run();
  }
  statement(database, `DELETE FROM tasks_lapse WHERE task IN (SELECT seq FROM tasks_task WHERE ${IS_BROKEN})`).run();
  statement(database, REBUILD_TRAITS).run();
  statement(database, `DELETE FROM tasks_tag WHERE (name, value, task) IN (${UNSAID_TAGS})`).run();
  statement(database, `INSERT INTO tasks_tag (name, value, task) ${UNLISTED_TAGS}`).run();
  const time = statement<[number, number]>(database, `INSERT INTO tasks_own_id (created_at, task) VALUES (?, ?)`);
  for (const [at, task] of untimedTasks(database)) time.run(at, task);
  giveKeysBack(transaction);
  statement(database, `UPDATE tasks_task SET beside = 1 WHERE ${UNMARKED}`).run();
}

function untimedTasks(database: Database): Array<[at: number, task: number]> {
  const listed = database.prepare<[number, number], 1>(`SELECT 1 FROM tasks_own_id WHERE created_at = ? AND task = ?`);
  const all = database.prepare<[], { seq: number; id: string; at: number }>(
    'SELECT seq, id, created_at AS at FROM tasks_task',
  );
  const found: Array<[number, number]> = [];
  for (const { seq, id, at } of all.iterate()) if (!tellsTime(id, at)) found.push([at, seq]);
  return found.filter((place) => !listed.get(...place));
}
