import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../../lib/clock/index.js';
import { threadedEngine } from '../../lib/engine/sqlite/index.js';
import type { NewTask, TaskEngine } from '../../lib/engine/port/index.js';
import { contextWith, newTask } from '../conformance/harness.js';
import { askFor } from '../support/run/ask-for.js';

const clock = new SystemClock();

describe('Tasks that many callers hand to the thread in one turn', () => {
  let folder: string;
  let engine: TaskEngine;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tasks-many-callers-'));
    const { conformance: entry } = await askFor('thread');
    const options = {
      database: join(folder, 'tasks.db'),
      synchronous: 'full',
      lease: 10_000,
      maxLostAttempts: 5,
    } as const;
    const keepFor = { queues: new Map(), others: { failed: null, cancelled: null } };
    engine = threadedEngine(options, contextWith(clock), { entry, version: 'conformance', keepFor });
    await engine.open();
  });

  afterEach(async () => {
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('are answered call by call, and fail alone', async () => {
    const [known, wrong] = [newTask(clock), newTask(clock, { params: Symbol('no text') as unknown as string })];
    await engine.enqueueing.enqueue([known]);
    const calls: NewTask[][] = [
      [newTask(clock)],
      [newTask(clock), wrong],
      [{ ...known, mayExist: true }, newTask(clock)],
      [newTask(clock, { sensitive: ['password'], settings: '{"maxRetries":2}', priority: 7 })],
    ];
    const results = await Promise.allSettled(calls.map((tasks) => engine.enqueueing.enqueue(tasks)));
    expect(results).toMatchObject([
      { value: ['stored'] },
      { status: 'rejected', reason: expect.any(Error) as unknown },
      { value: ['existing', 'stored'] },
      { value: ['stored'] },
    ]);
    expect(await engine.inspecting.get(calls[1]![0]!.id)).toBeNull();
    expect(await engine.inspecting.get(calls[3]![0]!.id)).toMatchObject({
      priority: 7,
      params: { password: '[masked]' },
    });
  });

  it('are taken again after those that came while the store was closed', async () => {
    await engine.close();
    await expect(engine.enqueueing.enqueue([newTask(clock)])).rejects.toThrow('not open');
    await engine.open();
    expect(await engine.enqueueing.enqueue([newTask(clock)])).toEqual(['stored']);
  });
});
