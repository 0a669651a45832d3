import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Checkpointer } from './checkpointer.js';
import { Connection } from './connection.js';

interface Log {
  readonly log: number;
  readonly checkpointed: number;
}

describe('Checkpointer', () => {
  let folder: string;
  let connection: Connection;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'checkpointer-'));
    connection = await Connection.open(join(folder, 'tasks.db'), 'full');
    connection.database.exec('CREATE TABLE filler (content BLOB)');
  });

  afterEach(async () => {
    await connection.close();
    rmSync(folder, { recursive: true });
  });

  /** At least a page each. */
  function commitRows(count: number): void {
    const insert = connection.database.prepare('INSERT INTO filler VALUES (zeroblob(4000))');
    connection.database.transaction(() => {
      for (let row = 0; row < count; row += 1) insert.run();
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
      checkpointer.afterCommit();
      await sleep(5);
    }
  }

  it('has a long log copied by a thread, and leaves the file closed with nothing in the log', async () => {
    const checkpointer = new Checkpointer(connection);
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
    const checkpointer = new Checkpointer(connection);
    commitRows(100);
    checkpointer.afterCommit();
    expect(pagesAtWhichCommitsCopy()).toBe(1_000);
    await checkpointer.close();
  });

  it('leaves checkpoints to the commits where the thread fails', async () => {
    const { database } = connection;
    const checkpointer = new Checkpointer({ database, path: join(folder, 'missing.db') } as Connection);
    commitRows(700);
    checkpointer.afterCommit();
    expect(pagesAtWhichCommitsCopy()).toBe(1_500);
    await tellUntil(checkpointer, () => pagesAtWhichCommitsCopy() === 1_000);
    await checkpointer.close();
    expect(logNow().checkpointed).toBe(0);
  });
});
