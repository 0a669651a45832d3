import type { DataSource, EntityManager } from 'typeorm';
import type { TaskTraits } from '../contract/index.js';
import type { EnqueueAnswer, NewTask } from '../engine/port/index.js';
import { escapedJson, escapedName, unescapedName } from './astral.js';

export const OUTBOX_TABLE = 'nestjs_tasks_outbox';

const COLUMNS = [
  'id',
  'queue',
  'name',
  'params',
  'priority',
  'run_at',
  'created_at',
  'max_attempts',
  'settings',
  'sensitive',
] as const;

/** Later additions to the table: the store of a row, why it was set aside, and what few tasks have. */
export const LATER_COLUMNS = ['store', 'problem', 'parent_id', 'traits'] as const;

/** Params that take more are read one by one, so that few rows of large ones are in memory at a time. */
const LARGE_BYTES = 64 * 1_024;

/**
 * The table as statements name it, where the DataSource has it: an app may point a transaction elsewhere, as to the schema
 * of one of its tenants (`SET LOCAL search_path`, `USE`).
 *
 * @param dataSource that is connected: by then it knows its schema, or its database
 */
export function outboxPath(dataSource: DataSource): string {
  const { driver, options } = dataSource;
  const place = options.type === 'postgres' ? driver.schema : isMysql(dataSource) ? driver.database : undefined;
  return [place, OUTBOX_TABLE].flatMap((name) => (name ? driver.escape(name) : [])).join('.');
}

export function isMysql({ options: { type } }: DataSource): boolean {
  return type === 'mysql' || type === 'mariadb';
}

/** A row as drivers give it: some have bigints as text. */
export type OutboxRow = Record<(typeof COLUMNS)[number] | 'position' | 'parent_id' | 'traits', string | number | null>;

/** Depth of one queue, as drivers give it. */
export interface WaitingRow {
  readonly queue: string;
  readonly waiting: number | string;
  readonly aside: number | string;
  readonly oldest: number | string;
}

/** The statements on the table, in the dialect of one DataSource. */
export class OutboxTable {
  readonly insert: string;
  /** Rows of one store, and of those that an earlier version wrote without one; large params are null. Takes the store. */
  readonly first: string;
  /** Takes a row's position. */
  readonly paramsOf: string;
  /** Takes what is wrong, and the row's position. */
  readonly setAside: string;
  /** Has rows that were set aside tried again. Takes the store. */
  readonly tryAgain: string;
  /** Rows with an id, and with those that the database takes for the same: MySQL knows no upper case. */
  private readonly byId: string;
  /** Rows as {@link WaitingRow}. */
  readonly waiting: string;

  constructor(private readonly dataSource: DataSource) {
    const quoted = COLUMNS.map((column) => this.quote(column));
    const table = outboxPath(dataSource);
    const [store, problem, parentId, traits] = LATER_COLUMNS.map((column) => this.quote(column));
    const inserted = [...quoted, store, parentId, traits];
    const position = this.quote('position');
    this.insert = `INSERT INTO ${table} (${inserted.join(', ')}) VALUES (${inserted.map((_, at) => this.mark(at)).join(', ')})`;
    const params = this.quote('params');
    const shown = quoted.map((column) =>
      column === params
        ? `CASE WHEN octet_length(${params}) <= ${LARGE_BYTES} THEN ${params} END AS ${params}`
        : column,
    );
    const own = `(${store} = ${this.mark(0)} OR ${store} IS NULL)`;
    this.first = `SELECT ${position}, ${shown.join(', ')}, ${parentId}, ${traits} FROM ${table} WHERE ${own} AND ${problem} IS NULL ORDER BY ${position} LIMIT 100`;
    this.paramsOf = `SELECT ${params} FROM ${table} WHERE ${position} = ${this.mark(0)}`;
    this.setAside = `UPDATE ${table} SET ${problem} = ${this.mark(0)} WHERE ${position} = ${this.mark(1)}`;
    this.tryAgain = `UPDATE ${table} SET ${problem} = NULL WHERE ${own} AND ${problem} IS NOT NULL`;
    this.byId = `SELECT ${position}, ${quoted.join(', ')}, ${parentId}, ${traits} FROM ${table} WHERE ${this.quote('id')} = ${this.mark(0)}`;
    const queue = this.quote('queue');
    this.waiting =
      `SELECT ${queue}, count(*) - count(${problem}) AS waiting, count(${problem}) AS aside, min(created_at) AS oldest ` +
      `FROM ${table} WHERE ${own} GROUP BY ${queue} ORDER BY ${queue}`;
  }

  delete(count: number): string {
    const marks = Array.from({ length: count }, (_, at) => this.mark(at));
    return `DELETE FROM ${outboxPath(this.dataSource)} WHERE ${this.quote('position')} IN (${marks.join(', ')})`;
  }

  /** Inserts tasks that do not wait here already. Resolves to what became of each. */
  async add(manager: EntityManager, tasks: readonly NewTask[], store: string): Promise<readonly EnqueueAnswer[]> {
    const known = new Set<string>();
    const answers: EnqueueAnswer[] = [];
    for (const task of tasks) {
      const exists = known.has(task.id) || (task.mayExist === true && (await this.find(manager, task.id)) !== null);
      known.add(task.id);
      if (!exists) await manager.query(this.insert, this.valuesOf(task, store));
      answers.push(exists ? 'existing' : 'stored');
    }
    return answers;
  }

  /** The task of that id which waits here; null where none does. */
  async find(manager: EntityManager, id: string): Promise<NewTask | null> {
    const rows: OutboxRow[] = await manager.query(this.byId, [this.stored(id, 'id')]);
    return rows.map((row) => this.taskOf(row)).find((task) => task.id === id) ?? null;
  }

  private valuesOf(task: NewTask, store: string): Array<string | number | null> {
    const { id, queue, name, priority, runAt, createdAt, maxAttempts, parentId = null } = task;
    const columns = [
      this.stored(id, 'id'),
      queue,
      this.stored(name, 'name'),
      this.json(task.params),
      priority,
      runAt,
      createdAt,
      maxAttempts,
      this.json(task.settings),
      this.json(JSON.stringify(task.sensitive)),
    ];
    const traits = task.traits ? this.json(JSON.stringify(task.traits)) : null;
    return [...columns, store, parentId === null ? null : this.stored(parentId, 'id'), traits];
  }

  /** The task of a row. */
  taskOf(row: OutboxRow): NewTask {
    return {
      id: this.shown(row.id as string),
      // A relay that died after it had handed the row over left it here.
      mayExist: true,
      queue: row.queue as string,
      name: this.shown(row.name as string),
      params: row.params as string,
      priority: Number(row.priority),
      runAt: Number(row.run_at),
      createdAt: Number(row.created_at),
      maxAttempts: row.max_attempts === null ? null : Number(row.max_attempts),
      settings: row.settings as string | null,
      sensitive: JSON.parse(row.sensitive as string) as string[],
      ...(row.parent_id !== null && { parentId: this.shown(row.parent_id as string) }),
      ...(row.traits !== null && { traits: JSON.parse(row.traits as string) as TaskTraits }),
    };
  }

  private get isMysql(): boolean {
    return isMysql(this.dataSource);
  }

  private json(text: string | null): string | null {
    return text !== null && this.isMysql ? escapedJson(text) : text;
  }

  private stored(name: string, what: 'id' | 'name'): string {
    return this.isMysql ? escapedName(name, what) : name;
  }

  private shown(name: string): string {
    return this.isMysql ? unescapedName(name) : name;
  }

  private quote(name: string): string {
    return this.dataSource.driver.escape(name);
  }

  private mark(at: number): string {
    return this.dataSource.options.type === 'postgres' ? `$${at + 1}` : '?';
  }
}
