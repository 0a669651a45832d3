import { StoreError } from '../../../contract/index.js';
import { movingMessage, type MoveMark } from '../../port/index.js';
import type { Database } from '../store/database.js';
import type { Transaction } from '../store/transaction.js';

/** Not among the migrations: the table is there only while tasks are moved. */
const EXISTS = `SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'tasks_move'`;
const CREATE = `CREATE TABLE IF NOT EXISTS tasks_move (one INTEGER PRIMARY KEY CHECK (one = 1), mark TEXT NOT NULL)`;
const GET = `SELECT mark FROM tasks_move`;
const PUT = `INSERT INTO tasks_move (one, mark) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET mark = excluded.mark`;
const DROP = `DROP TABLE IF EXISTS tasks_move`;

export function readMark(database: Database): MoveMark | null {
  if (!database.prepare(EXISTS).get()) return null;
  const text = database.prepare<[], string>(GET).pluck().get();
  return text === undefined ? null : (JSON.parse(text) as MoveMark);
}

export function writeMark({ database }: Transaction, mark: MoveMark | null): void {
  if (mark === null) return void database.exec(DROP);
  database.exec(CREATE);
  database.prepare(PUT).run(JSON.stringify(mark));
}

/**
 * Called where a process registers, in that transaction: either it sees the mark, or whoever writes the mark sees it.
 * @throws StoreError while the tasks are being moved
 */
export function assertNotMoving(database: Database): void {
  const mark = readMark(database);
  if (mark) throw new StoreError(movingMessage(mark));
}
