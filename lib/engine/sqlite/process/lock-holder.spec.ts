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
import { ownIdentity } from './process-identity.js';

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
    // A lock of this process's own, and one that only reads.
    database.exec('BEGIN IMMEDIATE');
    expect(lockHolder(file)).toBeNull();
    database.exec('COMMIT');
    const holder = fork(program);
    try {
      await once(holder, 'message');
      expect(lockHolder(file)).toMatchObject({ pid: holder.pid, state: 'alive' });
      // A lock of this process on the same file is its own business, and no lock of the other is one on another file.
      expect(lockHolder(join(folder, 'other.db'))).toBeNull();
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

it('there is none of a file that nobody has open', () => {
  expect(lockHolder(join(tmpdir(), 'no-such-file.db'))).toBeNull();
});

it('a process is told of with its host, and with its state where it is stopped', () => {
  const process = { ...ownIdentity(), pid: 7, host: 'web-1' };
  expect(describeProcess({ ...process, state: 'alive' })).toBe('process 7 on web-1');
  expect(describeProcess({ ...process, state: 'stopped' })).toBe(
    'process 7 on web-1, which is stopped (SIGSTOP, or a debugger),',
  );
});
