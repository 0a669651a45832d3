import { copyFileSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';

/** A file that SQLite has open with a log, in which rows take about a page each. */
export class LogSite {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'tasks-log-')));
  readonly file = join(this.folder, 'tasks.db');
  readonly log = `${this.file}-wal`;
  readonly index = `${this.file}-shm`;
  readonly database: Database.Database;
  private readonly opened: Database.Database[] = [];

  constructor(pageBytes = 4_096) {
    this.database = this.open();
    this.database.pragma(`page_size = ${pageBytes}`);
    this.database.pragma('journal_mode = WAL');
    this.database.pragma('wal_autocheckpoint = 0');
    this.database.exec('CREATE TABLE filler (content BLOB)');
  }

  open(): Database.Database {
    const database = new Database(this.file);
    this.opened.push(database);
    return database;
  }

  /** Each in a commit of its own. */
  commit(rows: number): void {
    const insert = this.database.prepare('INSERT INTO filler VALUES (randomblob(3000))');
    for (let row = 0; row < rows; row += 1) insert.run();
  }

  /** Changes rows that there are, and so pages that there are. */
  change(): void {
    this.database.exec('UPDATE filler SET content = randomblob(3000)');
  }

  /** Copies what the log has into the file. */
  copy(kind: 'PASSIVE' | 'TRUNCATE' | 'RESTART' = 'PASSIVE'): void {
    this.database.pragma(`wal_checkpoint(${kind})`);
  }

  /** Puts files of it beside each other under another name, as a process leaves them that was killed. */
  leave(name: string, suffixes: readonly string[] = ['', '-wal', '-shm']): string {
    const left = join(this.folder, name);
    for (const suffix of suffixes) copyFileSync(this.file + suffix, left + suffix);
    return left;
  }

  remove(): void {
    for (const database of this.opened) database.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
