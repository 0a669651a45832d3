import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, it } from 'vitest';
import { useWorker } from './support/stage.js';

const CODE = 7;

describe('a process that exits while its thread waits for a lock', () => {
  const worker = useWorker('exiting');
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-tasks-exit-'));
  const file = join(folder, 'tasks.db');
  const other = new Database(file);

  afterAll(() => {
    other.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function exitOf(gated: 'gated' | 'open'): Promise<unknown[]> {
    const child = fork(worker.file, [file, String(CODE), gated], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    return once(child, 'exit');
  }

  it('ends with its own code behind the gate, and is aborted without it', async () => {
    other.pragma('journal_mode = wal');
    other.exec('BEGIN IMMEDIATE');
    expect(await exitOf('gated')).toEqual([CODE, null]);
    // What the gate is for. Once better-sqlite3 bears it, the gate can go.
    expect(await exitOf('open')).toEqual([null, 'SIGABRT']);
  });
});
