import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { backupTasks, checkStore } from '../../../lib/engine/sqlite/backup/index.js';
import { canMount, SmallDisk } from '../../kill/support/small-disk.js';
import type { StoredAttempt, StoredTask } from '../history.js';
import type { ChaosStore } from './chaos-store.js';

const TASKS = `
  SELECT seq, id, name, queue, params, priority, state, run_at AS runAt, attempt FROM tasks_task`;
const ATTEMPTS = `SELECT task, attempt, worker, outcome FROM tasks_attempt ORDER BY task, attempt`;

/** Tasks in a SQLite file; on a small disk of its own, where this user may mount one. */
export class SqliteStore implements ChaosStore {
  readonly movesClocks = true;
  readonly isRemote = false;
  readonly deletesInTime = true;
  readonly maxLostAttempts = 5;
  readonly disk: SmallDisk | null;
  readonly file: string;
  private copies = 0;
  /** A run that is broken off must not leave a file system behind. */
  private readonly removeAtExit = (): void => this.disk?.remove();

  /** @param folder of the round */
  constructor(
    private readonly folder: string,
    private readonly lease: number,
  ) {
    this.disk = canMount() ? new SmallDisk('512m') : null;
    const home = this.disk ? join(this.disk.folder, 'data') : join(folder, 'data');
    mkdirSync(home);
    process.once('exit', this.removeAtExit);
    this.file = join(home, 'tasks.db');
  }

  get options(): ChaosStore['options'] {
    return { database: this.file };
  }

  get app(): ChaosStore['app'] {
    return { file: this.file, holds: 'tasks' };
  }

  /** Takes the write lock; returns what lets go of it. Null where the file cannot be locked now. */
  lock(): (() => void) | null {
    const outsider = new Database(this.file, { timeout: 1_000 });
    try {
      outsider.exec('BEGIN IMMEDIATE');
    } catch {
      outsider.close();
      return null;
    }
    return () => {
      outsider.exec('COMMIT');
      outsider.close();
    };
  }

  /** Copies the file while it is in use; returns the ids in the copy, which is sound. */
  async copy(): Promise<Set<string>> {
    const to = join(this.folder, `copy-${(this.copies += 1)}.db`);
    await backupTasks({ database: this.file, to });
    const copy = new Database(to);
    try {
      const integrity = copy.pragma('integrity_check', { simple: true });
      if (integrity !== 'ok') throw new Error(`The copy of the store is damaged: ${String(integrity)}`);
      return new Set(copy.prepare<[], string>('SELECT id FROM tasks_task').pluck().all());
    } finally {
      copy.close();
    }
  }

  waitingInOutbox(): number {
    return 0;
  }

  async readAll(): Promise<StoredTask[]> {
    const database = new Database(this.file, { readonly: true });
    try {
      const attempts = new Map<number, StoredAttempt[]>();
      const rows = database.prepare<[], StoredAttempt & { task: number }>(ATTEMPTS).iterate();
      for (const { task, ...attempt } of rows) {
        const own = attempts.get(task);
        if (own) own.push(attempt);
        else attempts.set(task, [attempt]);
      }
      return database
        .prepare<[], Omit<StoredTask, 'attempts'> & { seq: number }>(TASKS)
        .all()
        .map(({ seq, ...task }) => ({ ...task, attempts: attempts.get(seq) ?? [] }));
    } finally {
      database.close();
    }
  }

  async problems(): Promise<string[]> {
    const findings = await checkStore(this.file, { lease: this.lease });
    return findings.map(({ message }) => message);
  }

  async remove(): Promise<void> {
    process.off('exit', this.removeAtExit);
    this.disk?.remove();
  }
}
