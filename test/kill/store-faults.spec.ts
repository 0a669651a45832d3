import { closeSync, mkdirSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { StoreError } from '../../lib/contract/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { SmallDisk, canMount } from './support/small-disk.js';
import { Stage, useWorker, enqueue } from './support/stage.js';

const MOUNTABLE = canMount();
const WHY_SKIPPED = MOUNTABLE ? '' : ' (skipped: this user may not mount a small file system)';
/** A page of SQLite, in bytes. */
const PAGE = 4096;

describe(`a full disk${WHY_SKIPPED}`, () => {
  const worker = useWorker();
  let disk: SmallDisk | undefined;
  let stage: Stage | undefined;

  afterEach(async () => {
    await stage?.remove();
    disk?.remove();
    stage = disk = undefined;
  });

  /** Enqueues large tasks until one is refused. */
  async function enqueueUntilRefused(tasks: TaskDispatcher, stored: string[]): Promise<unknown> {
    for (;;) {
      try {
        stored.push((await tasks.queue('work', 'quick', { text: 'x'.repeat(10_000) })).id);
      } catch (error) {
        return error;
      }
    }
  }

  it.skipIf(!MOUNTABLE)(
    'refuses what cannot be stored, keeps what was, and works again when there is space',
    async () => {
      disk = new SmallDisk('4m');
      stage = new Stage(worker.file, { database: join(disk.folder, 'tasks.db') });
      const tasks = await stage.startApp();
      const running = stage.startWorker();
      await running.ready;
      await tasks.pauseQueue('work');
      const stored: string[] = [];
      disk.fill();
      const error = await enqueueUntilRefused(tasks, stored);
      expect(error).toBeInstanceOf(StoreError);
      expect((error as Error).message).toMatch(/Nothing was stored: the disk is full/);
      expect(
        stage
          .query<{ id: string }>('SELECT id FROM tasks_task')
          .map(({ id }) => id)
          .sort(),
      ).toEqual(stored.sort());

      disk.free();
      await tasks.resumeQueue('work');
      stored.push((await enqueue(tasks, 'quick', {})).id);
      for (const id of stored) expect(await stage.ended(tasks, id)).toMatchObject({ state: 'completed', attempt: 1 });
      expect(stage.rowsByState()).toEqual({ completed: stored.length });
    },
  );

  it.skipIf(!MOUNTABLE)('does not lose how a task ended, nor run it again', async () => {
    disk = new SmallDisk('4m');
    stage = new Stage(worker.file, { database: join(disk.folder, 'tasks.db') });
    const tasks = await stage.startApp();
    const one = stage.startWorker();
    await one.ready;
    const { id } = await enqueue(tasks, 'wait', { ms: 1_500 });
    await stage.started(id);
    const waiting: string[] = [];
    await tasks.pauseQueue('work');
    disk.fill();
    await enqueueUntilRefused(tasks, waiting);
    await stage.printed(one, `Cannot store how task ${id} ended, trying on`);

    disk.free();
    expect((await stage.ended(tasks, id)).attempts).toMatchObject([{ attempt: 1, outcome: 'completed' }]);
    expect(stage.ledger.read().filter((entry) => entry.event === 'start')).toHaveLength(1);
  });
});

describe('a store that cannot be used', () => {
  let stage: Stage | undefined;
  let disk: SmallDisk | undefined;
  afterEach(async () => {
    await stage?.remove();
    disk?.remove();
    stage = disk = undefined;
  });

  /** What stops the boot. */
  async function bootError(database: string): Promise<Error> {
    const error: unknown = await stage!.startApp({ database }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StoreError);
    return error as Error;
  }

  /** A file with 200 tasks in it. */
  async function filledFile(): Promise<string> {
    stage = new Stage('');
    const tasks = await stage.startApp();
    await tasks.queueMany(
      'work',
      'quick',
      Array.from({ length: 200 }, () => ({})),
    );
    await stage.closeApps();
    return stage.databaseFile;
  }

  /** Writes nonsense into a file, from `start` to `end`. */
  function damage(file: string, start: number, end: number): void {
    const descriptor = openSync(file, 'r+');
    writeSync(descriptor, Buffer.alloc(end - start, 0xa5), 0, end - start, start);
    closeSync(descriptor);
  }

  it('stops the boot when it is no database', async () => {
    stage = new Stage('');
    const file = join(stage.folder, 'notes.txt');
    writeFileSync(file, 'These are notes.\n'.repeat(1_000));
    expect((await bootError(file)).message).toBe(
      `Cannot open the task store ${file}: the file is not a SQLite database (SQLITE_NOTADB)`,
    );
  });

  it('stops the boot when it is damaged', async () => {
    const file = await filledFile();
    // Past the header, in the page that holds the schema.
    damage(file, 100, PAGE);
    expect((await bootError(file)).message).toBe(
      `Cannot open the task store ${file}: the file is damaged: restore a backup (SQLITE_CORRUPT)`,
    );
  });

  it('refuses to enqueue when the damage is met later', async () => {
    const file = await filledFile();
    damage(file, PAGE, statSync(file).size);
    const error: unknown = await stage!
      .startApp({ database: file })
      .then((tasks) => tasks.queue('work', 'quick', {}))
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StoreError);
    expect((error as Error).message).toContain('the file is damaged: restore a backup (SQLITE_CORRUPT)');
  });

  it('stops the boot when its path is a folder', async () => {
    stage = new Stage('');
    const folder = join(stage.folder, 'data');
    mkdirSync(folder);
    expect((await bootError(folder)).message).toBe(
      `Cannot open the task store ${folder}: it is a folder. Give the file in it, such as ${join(folder, 'tasks.db')}.`,
    );
  });

  it('stops the boot when its folder is a file', async () => {
    stage = new Stage('');
    const file = join(stage.folder, 'data');
    writeFileSync(file, '');
    const { message } = await bootError(join(file, 'tasks.db'));
    expect(message).toContain(`Cannot open the task store ${join(file, 'tasks.db')}: `);
    expect(message).toContain(file);
  });

  it.skipIf(!MOUNTABLE)(`stops the boot when its disk is read-only${WHY_SKIPPED}`, async () => {
    disk = new SmallDisk('4m');
    stage = new Stage('', { database: join(disk.folder, 'tasks.db') });
    await stage.startApp();
    await stage.closeApps();
    disk.makeReadOnly();
    for (const file of [stage.databaseFile, join(disk.folder, 'new.db')]) {
      const { message } = await bootError(file);
      expect(message).toContain(`Cannot open the task store ${file}: `);
      expect(message).toMatch(/read-only|writable/);
    }
  });
});
