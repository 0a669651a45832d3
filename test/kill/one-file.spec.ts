import { execFileSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { StoreError } from '../../lib/contract/index.js';
import { overlaps } from './support/ledger.js';
import { canMount } from './support/small-disk.js';
import { enqueue, Stage, useWorker } from './support/stage.js';

const MOUNTABLE = canMount();
const WHY_SKIPPED = MOUNTABLE ? '' : ' (skipped: this user may not mount)';

describe('One file by several names', () => {
  const worker = useWorker();
  let stage: Stage;
  let mounted: string | null = null;

  afterEach(async () => {
    if (mounted !== null) execFileSync('umount', [mounted]);
    mounted = null;
    await stage.remove();
  });

  /** Another path to the store's file, by a link of its own or of its folder. */
  const ways: Record<string, (file: string, folder: string) => string> = {
    'a link to the file': (file, folder) => {
      symlinkSync(file, join(folder, 'link.db'));
      return join(folder, 'link.db');
    },
    'a link to its folder': (_file, folder) => {
      symlinkSync(folder, join(folder, 'same'));
      return join(folder, 'same', 'tasks.db');
    },
    'a path from the working directory': (file) => relative(process.cwd(), file),
    'a path behind a link': (_file, folder) => {
      mkdirSync(join(folder, 'deep', 'deeper'), { recursive: true });
      symlinkSync(join(folder, 'deep', 'deeper'), join(folder, 'down'));
      return `${folder}/down/../../tasks.db`;
    },
  };

  it.each(Object.keys(ways))('is one store with one owner of each task: %s', async (way) => {
    stage = new Stage(worker.file, { lease: '1s' });
    const tasks = await stage.startApp();
    const database = ways[way]!(stage.databaseFile, stage.folder);
    const workers = [stage.startWorker(), stage.startWorker({ database })];
    await Promise.all(workers.map((one) => one.ready));
    const waiting = await Promise.all(Array.from({ length: 8 }, () => enqueue(tasks, 'wait', { ms: 3_000 })));
    for (const { id } of waiting) {
      expect((await stage.ended(tasks, id)).attempts).toMatchObject([{ attempt: 1, outcome: 'completed' }]);
    }
    const at = new Set(
      (await Promise.all(waiting.map(({ id }) => tasks.get(id)))).map((task) => task.attempts[0]!.worker),
    );
    expect(at.size).toBe(2);
    expect(overlaps(stage.ledger.read())).toEqual([]);
    expect(readdirSync(stage.folder).filter((name) => name.endsWith('-workers'))).toEqual(['tasks.db-workers']);
  });

  async function refusal(database: string): Promise<string> {
    const error: unknown = await stage.startApp({ database }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StoreError);
    return (error as Error).message;
  }

  it('is refused by each of them where they are hard links', async () => {
    stage = new Stage('');
    const tasks = await stage.startApp();
    await enqueue(tasks, 'quick', {});
    const other = join(stage.folder, 'other.db');
    linkSync(stage.databaseFile, other);
    for (const name of [other, stage.databaseFile])
      expect(await refusal(name)).toContain('it has 2 names (hard links)');
    expect(existsSync(`${other}-wal`)).toBe(false);
  });

  it.skipIf(!MOUNTABLE)(`is refused where the file alone is mounted${WHY_SKIPPED}`, async () => {
    stage = new Stage('');
    const tasks = await stage.startApp();
    await enqueue(tasks, 'quick', {});
    const place = join(stage.folder, 'mounted.db');
    writeFileSync(place, '');
    execFileSync('mount', ['--bind', stage.databaseFile, place]);
    mounted = place;
    expect(await refusal(place)).toContain('it is mounted as a single file');
    expect(existsSync(`${place}-wal`)).toBe(false);
  });
});

describe('A path that is none', () => {
  it.each(['file:/data/t.db', 'sqlite://t.db', '~/t.db', ''])(
    'stops the boot, and makes nothing: %j',
    async (database) => {
      const stage = new Stage('');
      try {
        const before = readdirSync('.');
        await expect(stage.startApp({ database })).rejects.toThrow(/TasksModule\.forRoot\(\): database must be/);
        expect(readdirSync('.')).toEqual(before);
      } finally {
        await stage.remove();
      }
    },
  );
});
