import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SystemClock } from '../../lib/clock/index.js';
import { makeEngine } from '../../lib/engine/kinds/index.js';
import type { TaskEngine } from '../../lib/engine/port/index.js';
import { VERSION } from '../../lib/version.js';
import { contextWith, newTask } from '../conformance/harness.js';
import { askFor } from '../support/run/ask-for.js';

const NAME = 'nestjs-tasks-thread.cjs';
const clock = new SystemClock();

describe('The file of the thread, beside a bundle', () => {
  const warn = vi.fn<(message: string) => void>();
  let folder: string;
  let engine: TaskEngine | null;

  beforeEach(() => {
    warn.mockClear();
    engine = null;
    folder = mkdtempSync(join(tmpdir(), 'tasks-bundle-'));
  });

  afterEach(async () => {
    await engine?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Stores a task. Returns what was warned of. */
  async function used(version = VERSION): Promise<string[]> {
    const context = contextWith(clock);
    engine = makeEngine(
      {
        engine: null,
        database: join(folder, 'tasks.db'),
        dataSource: null,
        dataSourceLabel: '',
        synchronous: 'full',
        lease: 10_000,
        maxLostAttempts: 5,
        queues: ['default'],
        thread: true,
        threadFile: join(folder, NAME),
        version,
      },
      { ...context, logger: { ...context.logger, warn } },
    );
    await engine.open();
    const task = newTask(clock);
    await engine.enqueueing.enqueue([task]);
    expect(await engine.inspecting.get(task.id)).toMatchObject({ id: task.id });
    return warn.mock.calls.flat();
  }

  async function bringAlong(...packages: readonly string[]): Promise<void> {
    copyFileSync((await askFor('thread')).file, join(folder, NAME));
    mkdirSync(join(folder, 'node_modules'));
    for (const name of packages) symlinkSync(resolve('node_modules', name), join(folder, 'node_modules', name));
  }

  it('needs better-sqlite3 alone', async () => {
    await bringAlong('better-sqlite3');
    expect(await used()).toEqual([]);
  });

  it('is asked for where it is not, and the engine runs in place', async () => {
    expect(await used()).toEqual([
      expect.stringContaining(`there is no ${NAME} in ${folder}. An app that is bundled has to bring it along`),
    ]);
  });

  it('is said not to run where it does not find better-sqlite3, and the engine runs in place', async () => {
    await bringAlong();
    expect(await used()).toEqual([
      expect.stringMatching(
        /own thread: .*nestjs-tasks-thread\.cjs cannot be run \(.*"better-sqlite3" is not installed/,
      ),
    ]);
  });

  it('is not run where it is of another version, and the engine runs in place', async () => {
    await bringAlong('better-sqlite3');
    expect(await used('999.0.0')).toEqual([expect.stringContaining('and the library of 999.0.0: copy it anew')]);
  });
});
