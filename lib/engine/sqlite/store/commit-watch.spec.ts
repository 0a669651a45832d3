import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openEmptyStore } from '../../../../test/support/empty-store.js';
import { StoppedTime } from '../../../../test/support/stopped-time.js';
import { until } from '../../../../test/support/until.js';
import type { EngineChange } from '../../port/index.js';
import { WritersNote } from '../process/writers-note.js';
import { CommitWatch } from './commit-watch.js';
import type { Connection } from './connection.js';
import { Writer } from './writer.js';

/** Timers that keep the process alive. */
function timers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
}

describe('Who watches for commits', () => {
  const error = vi.fn<(message: string) => void>();
  const logger = { log: () => undefined, warn: () => undefined, error };
  let folder: string;
  let file: string;
  let connection: Connection;
  let writer: Writer;
  let foreign: number;
  let watch: CommitWatch;
  let other: Database.Database;

  beforeEach(async () => {
    error.mockReset();
    folder = mkdtempSync(join(tmpdir(), 'tasks-watch-'));
    file = join(folder, 'tasks.db');
    connection = await openEmptyStore(file);
    writer = new Writer(connection, null, logger);
    foreign = 0;
    watch = new CommitWatch(connection, writer, logger, () => (foreign += 1));
    other = new Database(file);
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    watch.stop();
    other.close();
    await writer.close();
    await connection.close();
    rmSync(folder, { recursive: true });
  });

  const commitElsewhere = (): unknown => other.exec('DELETE FROM tasks_secret');
  const ELSEWHERE = { queue: null, taskIds: [] };

  it('is told of what this process commits, queue by queue', async () => {
    const heard: EngineChange[] = [];
    const stop = watch.add((change) => heard.push(change));
    await writer.write((transaction) => {
      transaction.touch('a', 'one');
      transaction.touch('b');
    });
    expect(heard).toEqual([
      { queue: 'a', taskIds: ['one'] },
      { queue: 'b', taskIds: [] },
    ]);
    expect(foreign).toBe(0);
    stop();
    expect(writer.listeners.has(watch)).toBe(false);
    await writer.write((transaction) => transaction.touch('a'));
    expect(heard).toHaveLength(2);
  });

  it('is told of each commit of another process, of which no more is known', async () => {
    const heard: EngineChange[] = [];
    watch.add((change) => heard.push(change));
    commitElsewhere();
    await until('the first', () => heard.length > 0);
    commitElsewhere();
    await until('the second', () => heard.length > 1);
    expect(heard).toEqual([ELSEWHERE, ELSEWHERE]);
    expect(foreign).toBe(2);
  });

  it('is seen also where nobody listens, as long as this process is kept awake', async () => {
    watch.keepAwake(true);
    commitElsewhere();
    await until('it to be seen', () => foreign === 1);
    watch.keepAwake(false);
  });

  it('keeps the process alive only where it is told to', () => {
    const before = timers();
    watch.add(() => undefined);
    expect(timers()).toBe(before);
    watch.keepAwake(true);
    expect(timers()).toBe(before + 1);
    watch.keepAwake(false);
    expect(timers()).toBe(before);
  });

  it('looks no more once it was stopped, also where the work force leaves after that', () => {
    const before = timers();
    watch.add(() => undefined);
    watch.keepAwake(true);
    expect(timers()).toBe(before + 1);
    watch.stop();
    expect(timers()).toBe(before);
    watch.keepAwake(false);
    watch.keepAwake(true);
    expect(timers()).toBe(before);
    expect(writer.listeners.has(watch)).toBe(false);
  });

  it('looks often, more so where somebody waits, and seldom where nobody listens', () => {
    const every = (): number => (watch as unknown as { every: number }).every;
    expect(every()).toBe(1_000);
    const [stop, stopWaiting] = [watch.add(() => undefined), watch.add(() => undefined, true)];
    expect(every()).toBe(2);
    stopWaiting();
    expect(every()).toBe(10);
    stop();
    expect(every()).toBe(1_000);
    watch.keepAwake(true);
    expect(every()).toBe(10);
  });

  it('looks at once where another writes its note, and then not again for a while', async () => {
    const heard: EngineChange[] = [];
    watch.add((change) => heard.push(change));
    commitElsewhere();
    await until('it to watch', () => heard.length > 0);
    const time = new StoppedTime();
    time.advance(1_000);
    const look = vi.spyOn(connection, 'isReady');
    const note = new WritersNote(connection.path);
    // Those of the timer are among them.
    const looks = (): number => look.mock.calls.length;
    const before = looks();
    note.take();
    note.give();
    note.close();
    await until('a look', () => looks() > before);
    time.goOn();
  });

  it('is told once in a while where it cannot see what others do', async () => {
    const time = new StoppedTime();
    watch.add(() => undefined);
    let looks = 0;
    vi.spyOn(watch as unknown as { readVersion(): number }, 'readVersion').mockImplementation(() => {
      looks += 1;
      throw new Error('no disk');
    });
    await until('some looks', () => looks > 3);
    expect(error).toHaveBeenCalledTimes(1);
    expect(error).toHaveBeenCalledWith(expect.stringContaining('no disk'));
    time.advance(9_999);
    const seen = looks;
    await until('more looks', () => looks > seen + 3);
    expect(error).toHaveBeenCalledTimes(1);
    time.advance(1);
    await until('another word', () => error.mock.calls.length === 2);
    time.goOn();
  });

  it('does not look while the connection is not ready', async () => {
    const ready = vi.spyOn(connection, 'isReady').mockReturnValue(false);
    watch.add(() => undefined);
    commitElsewhere();
    await until('some looks', () => ready.mock.calls.length > 3);
    expect(foreign).toBe(0);
    ready.mockReturnValue(true);
    await until('it to be seen', () => foreign === 1);
  });
});
