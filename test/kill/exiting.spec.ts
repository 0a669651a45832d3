import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from './support/random.js';
import { useWorker } from './support/stage.js';

/** A hundred where a run is to be thorough. */
const EXITS = Number(process.env['EXITS'] ?? 6);
const TOGETHER = 3;
const CODE = 7;
const SEED = Number(process.env['KILL_SEED'] ?? Math.floor(Math.random() * 2 ** 32));

describe(`a process that exits while its store asks for a lock (KILL_SEED=${SEED})`, () => {
  const worker = useWorker('exiting');
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-tasks-exit-'));
  const file = join(folder, 'tasks.db');
  let other: Database.Database | undefined;

  /** Resolves when it is ready to be told for how many milliseconds it is to go on. */
  async function start() {
    const child = fork(worker.program, [file, String(CODE)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let printed = '';
    child.stderr!.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    const closed = once(child, 'close').then(([code, signal]: unknown[]) => ({ code, signal, printed }));
    const ended = closed.then(({ printed: why }) => Promise.reject(new Error(`It ended before it was ready:\n${why}`)));
    await Promise.race([once(child, 'message'), ended]);
    ended.catch(() => undefined);
    return { child, closed };
  }

  beforeAll(async () => {
    // It makes the tables.
    const { child, closed } = await start();
    child.send(0);
    await closed;
  });
  afterAll(() => {
    other?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('ends with its own code: no thread is stopped in a statement', async () => {
    const random = new Random(SEED);
    other = new Database(file);
    for (let count = 0; count < EXITS; count += TOGETHER) {
      const started = await Promise.all(Array.from({ length: TOGETHER }, start));
      other.exec('BEGIN IMMEDIATE');
      for (const { child } of started) child.send(random.between(1, 8));
      const ends = await Promise.all(started.map(({ closed }) => closed));
      other.exec('ROLLBACK');
      expect(ends).toEqual(Array.from({ length: TOGETHER }, () => ({ code: CODE, signal: null, printed: '' })));
    }
  });
});
