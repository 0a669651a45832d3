import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../../lib/clock/index.js';
import { sqliteEngine, threadedEngine } from '../../lib/engine/sqlite/index.js';
import { backupTasks, checkStore } from '../../lib/engine/sqlite/backup/index.js';
import { contextWith, newTask } from '../conformance/harness.js';
import { askFor } from '../support/run/ask-for.js';

const clock = new SystemClock();
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tasks-open-files-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Of this process, in whichever of its threads. */
function openThere(): string[] {
  const opened = readdirSync('/proc/self/fd').map((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`);
    } catch {
      return '';
    }
  });
  return opened.filter((path) => path.startsWith(folder));
}

describe.skipIf(process.platform !== 'linux')('A store that was closed', () => {
  it('leaves no file open, though it was checked and copied while its thread had it open', async () => {
    const { conformance: entry } = await askFor('thread');
    const database = join(folder, 'tasks.db');
    const options = { database, synchronous: 'full', lease: 10_000, maxLostAttempts: 5 } as const;
    const keepFor = { queues: new Map(), others: { failed: null, cancelled: null } };
    for (let times = 1; times <= 2; times += 1) {
      const engine = threadedEngine(options, contextWith(clock), { entry, version: 'conformance', keepFor });
      await engine.open();
      await engine.enqueueing.enqueue([newTask(clock)]);
      expect(await checkStore(database, { lease: 10_000 })).toEqual([]);
      expect(await backupTasks({ database, to: join(folder, `copy-${times}.db`) })).toMatchObject({ tasks: times });
      expect(openThere()).not.toEqual([]);
      await engine.close();
      expect(openThere()).toEqual([]);
    }
  });

  it('leaves none open to the process, though another connection of it had the file open for longer', async () => {
    const { conformance: entry } = await askFor('thread');
    const database = join(folder, 'tasks.db');
    const options = { database, synchronous: 'full', lease: 10_000, maxLostAttempts: 5 } as const;
    const keepFor = { queues: new Map(), others: { failed: null, cancelled: null } };
    const threaded = threadedEngine(options, contextWith(clock), { entry, version: 'conformance', keepFor });
    const other = sqliteEngine(options, contextWith(clock));
    await threaded.open();
    await other.open();
    await threaded.close();
    // Its locks are there: nothing of the file was closed that is another's.
    await other.enqueueing.enqueue([newTask(clock)]);
    await other.close();
    expect(openThere()).toEqual([]);
  });
});
