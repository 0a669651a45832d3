import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeEmptyStore } from '../../../../test/support/empty-store.js';
import { until } from '../../../../test/support/until.js';
import { StoreError } from '../../../contract/index.js';
import type { Connection } from './connection.js';
import { openConnection } from './open-connection.js';

describe.skipIf(process.platform !== 'linux')('A connection in a process that reads its file through fs', () => {
  let folder: string;
  let file: string;
  const opened: Array<{ close(): unknown }> = [];
  const warnings: string[] = [];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tasks-locks-'));
    file = join(folder, 'tasks.db');
    await writeEmptyStore(file);
  });
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function openAndRead(suffix: string): Promise<Connection> {
    warnings.length = 0;
    const connection = await openConnection(file, 'full', {
      log: () => undefined,
      warn: (message) => void warnings.push(message),
    });
    opened.push(connection);
    readFileSync(file + suffix);
    await until('the loss to be seen', () => !connection.isReady());
    return connection;
  }

  it.each(['', '-shm'])('takes its locks anew, and says how to copy it: tasks.db%s', async (suffix) => {
    const connection = await openAndRead(suffix);
    await connection.read((database) => database.prepare('SELECT count(*) FROM tasks_task').get());
    expect(warnings).toEqual([
      expect.stringMatching(/tasks\.db was read by this process .* taken anew, and nothing is lost\..*backupTasks\(\)/),
    ]);
    // Another process finds it in use.
    const program = `
      const database = new (require('better-sqlite3'))(${JSON.stringify(file)}, { timeout: 0 });
      database.pragma('locking_mode = EXCLUSIVE');
      database.exec('BEGIN EXCLUSIVE');`;
    expect(() => execFileSync(process.execPath, ['-e', program], { stdio: 'pipe' })).toThrow(/database is locked/);
  });

  it('is refused where another connection of the process keeps them from being taken', async () => {
    opened.push(await openConnection(file, 'full'));
    const other = new Database(file, { timeout: 0 });
    opened.push(other);
    other.prepare('SELECT count(*) FROM tasks_task').get();
    const connection = await openAndRead('');
    await expect(connection.read(() => undefined)).rejects.toThrow(
      /could not be taken anew: another connection of this process has it open\. Restart the process\..*backupTasks\(\)/,
    );
    expect(() => connection.assertInPlace()).toThrow(StoreError);
  });
});
