import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmptyStore } from '../../../../test/support/empty-store.js';
import { Checkpointer } from './checkpointer.js';
import type { Connection } from './connection.js';

interface Log {
  readonly log: number;
  readonly checkpointed: number;
}

describe('Checkpointer', () => {
  let folder: string;
  let connection: Connection;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'checkpointer-'));
    connection = await openEmptyStore(join(folder, 'tasks.db'));
    connection.database.exec('CREATE TABLE filler (content BLOB)');
  });

  afterEach(async () => {
    await connection.close();
    rmSync(folder, { recursive: true });
  });

  /** At least a page each. */
  function commitRows(count: number, { database } = connection, bytes = 4_000): void {
    const insert = database.prepare('INSERT INTO filler VALUES (zeroblob(?))');
    database.transaction(() => {
      for (let row = 0; row < count; row += 1) insert.run(bytes);
    })();
  }

  function logNow(): Log {
    return (connection.database.pragma('wal_checkpoint(NOOP)') as [Log])[0];
  }

  function pagesAtWhichCommitsCopy(): unknown {
    return connection.database.pragma('wal_autocheckpoint', { simple: true });
  }

  /** Goes on telling of commits, as an engine at work does. */
  async function tellUntil(checkpointer: Checkpointer, done: () => boolean): Promise<void> {
    while (!done()) {
      checkpointer.committed();
      await sleep(5);
    }
  }

  it('tells once of a log that a reader elsewhere lets grow, with its size and what to look for', async () => {
    const warnings: string[] = [];
    // Of small pages, as so many of the usual ones take seconds.
    const path = join(folder, 'small.db');
    const database = new Database(path);
    database.pragma('page_size = 512');
    database.pragma('journal_mode = WAL');
    database.exec('CREATE TABLE filler (content BLOB)');
    const small = { database, path, onRelease: () => undefined } as unknown as Connection;
    const checkpointer = new Checkpointer(small, { warn: (message) => void warnings.push(message) });
    const reader = new Database(path);
    reader.exec('BEGIN; SELECT count(*) FROM filler');
    commitRows(17_000, small, 440);
    checkpointer.committed();
    expect(warnings).toEqual([
      expect.stringMatching(
        /small\.db-wal has grown to \d\d MiB and cannot begin anew: .*Look for a backup, a report or a shell/,
      ),
    ]);
    reader.close();
    await checkpointer.close();
    database.close();
  });

  it('has a long log copied by a thread, and leaves the file closed with nothing in the log', async () => {
    const checkpointer = new Checkpointer(connection, { warn: () => undefined });
    commitRows(700);
    const { log, checkpointed } = logNow();
    expect(log).toBeGreaterThan(700);
    expect(checkpointed).toBe(0);
    await tellUntil(checkpointer, () => logNow().checkpointed >= log);
    expect(pagesAtWhichCommitsCopy()).toBe(1_500);
    await checkpointer.close();
    await connection.close();
    expect(existsSync(join(folder, 'tasks.db-wal'))).toBe(false);
  });

  it('has no thread while the log is short', async () => {
    const checkpointer = new Checkpointer(connection, { warn: () => undefined });
    commitRows(100);
    checkpointer.committed();
    expect(pagesAtWhichCommitsCopy()).toBe(1_000);
    await checkpointer.close();
  });

  it('leaves checkpoints to the commits where the thread fails', async () => {
    const { database } = connection;
    const elsewhere = { database, path: join(folder, 'missing.db'), onRelease: () => undefined };
    const checkpointer = new Checkpointer(elsewhere as unknown as Connection, { warn: () => undefined });
    commitRows(700);
    checkpointer.committed();
    expect(pagesAtWhichCommitsCopy()).toBe(1_500);
    await tellUntil(checkpointer, () => pagesAtWhichCommitsCopy() === 1_000);
    await checkpointer.close();
    expect(logNow().checkpointed).toBe(0);
  });
});
