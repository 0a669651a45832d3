import type { DataSource, EntityManager } from 'typeorm';
import type { NewTask } from '../engine/index.js';

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

/** A row as drivers give it: some have bigints as text. */
export type OutboxRow = Record<(typeof COLUMNS)[number] | 'position', string | number | null>;

/** What waits in one queue, as drivers give it. */
export interface WaitingRow {
  readonly queue: string;
  readonly waiting: number | string;
  readonly oldest: number | string;
}

/** The statements on the table, in the dialect of one DataSource. */
export class OutboxTable {
  readonly insert: string;
  readonly first: string;
  /** Rows as {@link WaitingRow}. */
  readonly waiting: string;

  constructor(private readonly dataSource: DataSource) {
    const quoted = COLUMNS.map((column) => this.quote(column));
    const table = this.quote(OUTBOX_TABLE);
    const position = this.quote('position');
    this.insert = `INSERT INTO ${table} (${quoted.join(', ')}) VALUES (${quoted.map((_, at) => this.mark(at)).join(', ')})`;
    this.first = `SELECT ${position}, ${quoted.join(', ')} FROM ${table} ORDER BY ${position} LIMIT 100`;
    const queue = this.quote('queue');
    this.waiting = `SELECT ${queue}, count(*) AS waiting, min(created_at) AS oldest FROM ${table} GROUP BY ${queue} ORDER BY ${queue}`;
  }

  delete(count: number): string {
    const marks = Array.from({ length: count }, (_, at) => this.mark(at));
    return `DELETE FROM ${this.quote(OUTBOX_TABLE)} WHERE ${this.quote('position')} IN (${marks.join(', ')})`;
  }

  async add(manager: EntityManager, tasks: readonly NewTask[]): Promise<void> {
    for (const task of tasks) await manager.query(this.insert, valuesOf(task));
  }

  private quote(name: string): string {
    return this.dataSource.driver.escape(name);
  }

  private mark(at: number): string {
    return this.dataSource.options.type === 'postgres' ? `$${at + 1}` : '?';
  }
}

function valuesOf(task: NewTask): Array<string | number | null> {
  return [
    task.id,
    task.queue,
    task.name,
    task.params,
    task.priority,
    task.runAt,
    task.createdAt,
    task.maxAttempts,
    task.settings,
    JSON.stringify(task.sensitive),
  ];
}

export function taskOf(row: OutboxRow): NewTask {
  return {
    id: row.id as string,
    queue: row.queue as string,
    name: row.name as string,
    params: row.params as string,
    priority: Number(row.priority),
    runAt: Number(row.run_at),
    createdAt: Number(row.created_at),
    maxAttempts: row.max_attempts === null ? null : Number(row.max_attempts),
    settings: row.settings as string | null,
    sensitive: JSON.parse(row.sensitive as string) as string[],
  };
}
