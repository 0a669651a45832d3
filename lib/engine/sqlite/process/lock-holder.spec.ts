import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { until } from '../../../../test/support/until.js';
import { describeProcess, lockHolder } from './lock-holder.js';

it.skipIf(process.platform !== 'linux')(
  'any program that has the write lock is found, and seen to be stopped',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tasks-lock-'));
    const file = join(folder, 'tasks.db');
    const database = new Database(file);
    database.pragma('journal_mode = WAL');
    database.exec('CREATE TABLE filler (content)');
    const program = join(folder, 'holder.cjs');
    const driver = createRequire(import.meta.url).resolve('better-sqlite3');
    writeFileSync(
      program,
      `const database = new (require(${JSON.stringify(driver)}))(${JSON.stringify(file)});
     database.exec('BEGIN IMMEDIATE');
     process.send('held');
     setInterval(() => undefined, 1000);`,
    );
    expect(lockHolder(file)).toBeNull();
    const holder = fork(program);
    try {
      await once(holder, 'message');
      expect(lockHolder(file)).toMatchObject({ pid: holder.pid, state: 'alive' });
      holder.kill('SIGSTOP');
      const stopped = await until('it to stop', () => {
        const found = lockHolder(file);
        return found?.state === 'stopped' && found;
      });
      expect(describeProcess(stopped)).toMatch(new RegExp(`^process ${holder.pid} on .+, which is stopped`));
    } finally {
      holder.kill('SIGKILL');
      await once(holder, 'exit');
      database.close();
      rmSync(folder, { recursive: true });
    }
  },
);
