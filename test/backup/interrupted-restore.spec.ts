import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backupTasks } from '../../lib/engine/sqlite/backup/index.js';
import { enqueue, Stage } from '../kill/support/stage.js';
import { useProgram } from '../support/run/use-program.js';
import { cli } from './support/cli.js';

const PRELOAD = join(import.meta.dirname, '../bad-days/worker/kill-at-change.mjs');
/** More than a restore makes. */
const MANY = 20;

describe('A restore that is interrupted', () => {
  const program = useProgram('src/main');
  let stage: Stage;
  let backup: string;
  let file: string;

  beforeEach(async () => {
    stage = new Stage('');
    backup = join(stage.folder, 'backup.db');
    const tasks = await stage.startApp();
    await enqueue(tasks, 'quick', {});
    await backupTasks({ database: stage.databaseFile, to: backup });
    for (let index = 0; index < 4; index += 1) await enqueue(tasks, 'quick', {});
    file = join(stage.folder, 'left.db');
    // As a process leaves them that was killed: what was stored last is in the log alone.
    for (const suffix of ['', '-wal']) copyFileSync(stage.databaseFile + suffix, `${source()}${suffix}`);
    await stage.closeApps();
  });
  afterEach(() => stage.remove());

  const source = () => join(stage.folder, 'killed.db');

  function leave(): void {
    for (const name of readdirSync(stage.folder)) {
      if (name.startsWith('left.db')) rmSync(join(stage.folder, name), { recursive: true });
    }
    for (const suffix of ['', '-wal']) copyFileSync(`${source()}${suffix}`, file + suffix);
  }

  /** Whether a restore was killed before the given change; false: it has ended. */
  function killedAt(change: number): boolean {
    const args = ['--import', PRELOAD, program.file, 'restore', '--from', backup, '--database', file];
    const env = { ...process.env, KILL_AT: String(change) };
    return spawnSync(process.execPath, args, { env, stdio: 'pipe' }).signal === 'SIGKILL';
  }

  function stored(): number {
    const database = new Database(file);
    try {
      expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
      return database.prepare<[], number>('SELECT count(*) FROM tasks_task').pluck().get()!;
    } finally {
      database.close();
    }
  }

  it('leaves everything that was stored, or a file that no app opens until the restore is done again', async () => {
    const outcomes: string[] = [];
    for (let at = 0; at < MANY; at += 1) {
      leave();
      const isKilled = killedAt(at);
      const refusal = await stage.startApp({ database: file }).then(
        () => null,
        (error: unknown) => (error as Error).message,
      );
      await stage.closeApps();
      if (refusal === null) outcomes.push(`${isKilled ? 'as before' : 'restored'}: ${stored()}`);
      else {
        expect(refusal).toContain('a restore of it was interrupted');
        outcomes.push('refused');
      }
      expect(await cli('restore', '--from', backup, '--database', file)).toMatchObject({ code: 0 });
      expect(stored()).toBe(1);
      if (refusal !== null) expect(keptTasks()).toEqual([5]);
      if (!isKilled) break;
    }
    expect(new Set(outcomes)).toEqual(new Set(['as before: 5', 'refused', 'restored: 1']));
  }, 600_000);

  /** How many tasks the files hold that were put aside. */
  function keptTasks(): number[] {
    return readdirSync(stage.folder)
      .filter((name) => name.startsWith('left.db.before-restore') && !/-(?:wal|shm)$/.test(name))
      .map((name) => {
        const database = new Database(join(stage.folder, name));
        const tasks = database.prepare<[], number>('SELECT count(*) FROM tasks_task').pluck().get()!;
        database.close();
        return tasks;
      });
  }
});
