import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Connection } from '../../lib/engine/sqlite/store/connection.js';
import type { Transaction } from '../../lib/engine/sqlite/store/transaction.js';
import { type Gate, Writer } from '../../lib/engine/sqlite/store/writer.js';
import { openEmptyStore } from './empty-store.js';

/** A writer of an empty store, and another connection to the file. */
export class WriterSite {
  readonly warnings: string[] = [];
  private readonly opened: Array<() => unknown> = [];

  private constructor(
    private readonly folder: string,
    readonly file: string,
    readonly connection: Connection,
    readonly other: Database.Database,
  ) {}

  static async open(): Promise<WriterSite> {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tasks-writer-')));
    const file = join(folder, 'tasks.db');
    const connection = await openEmptyStore(file);
    return new WriterSite(folder, file, connection, new Database(file));
  }

  writer(tellAfter?: number, gate?: Gate): Writer {
    const warn = (message: string): void => void this.warnings.push(message);
    const writer = new Writer(this.connection, null, { log: () => undefined, warn, error: warn }, tellAfter, gate);
    this.opened.push(() => writer.close());
    return writer;
  }

  async close(): Promise<void> {
    if (this.other.inTransaction) this.other.exec('ROLLBACK');
    for (const close of this.opened) await close();
    this.other.close();
    await this.connection.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What of {@link add} has been committed. */
  stored(): string[] {
    return this.other.prepare<[], string>('SELECT name FROM tasks_queue ORDER BY name').pluck().all();
  }
}

/** An operation that stores a name, and resolves to it. */
export const add =
  (name: string) =>
  ({ database }: Transaction): string => {
    database.prepare('INSERT INTO tasks_queue (name) VALUES (?)').run(name);
    return name;
  };
