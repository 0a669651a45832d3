import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Session } from '../../bench/process/session.js';
import { fillStore, storedCount, topUp } from '../../bench/store/fill.js';

const PATIENCE_S = 60;

describe('what the process of a contestant is asked to do', () => {
  let folder: string;
  let session: Session;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tasks-bench-'));
    session = new Session();
  });

  afterEach(async () => {
    await session.close();
    rmSync(folder, { recursive: true });
  });

  describe.each(['library', 'raw'])('%s', (contestant) => {
    it('stores and runs every task once, however it was enqueued', async () => {
      await session.open(contestant, join(folder, 'tasks.db'));
      expect(await session.enqueue(0, 20, 10)).toBeGreaterThan(0);
      expect(await session.enqueueMany(20, 30, 10)).toBeGreaterThan(0);
      expect(await session.enqueueWithin(50, 5)).toBeGreaterThan(0);
      await session.expectLeft(55);
      await session.start(10, { kind: 'no-op' });
      const { firstAt, endedAt } = await session.drained(55, PATIENCE_S);
      expect(endedAt).toBeGreaterThan(firstAt);
      await session.expectRanOnce(0, 55);
    });

    it('does not take a drain for done that ran other tasks, or some twice', async () => {
      await session.open(contestant, join(folder, 'tasks.db'));
      await session.enqueueMany(0, 5);
      await session.enqueueMany(4, 5);
      await session.start(10, { kind: 'no-op' });
      await expect(session.drained(10, PATIENCE_S)).rejects.toThrow('8 of 10 tasks ran exactly once');
      await expect(session.expectLeft(1)).rejects.toThrow('0 tasks are stored, and 1 should be');
    });
  });

  it('says what is left when a drain comes to no end', async () => {
    await session.open('library', join(folder, 'tasks.db'));
    await session.enqueueMany(0, 2);
    await session.start(10, { kind: 'stuck' });
    await session.reached(2, PATIENCE_S);
    await expect(session.drained(3, 1)).rejects.toThrow('2 of 3 tasks had run after 1 s');
  });

  it('runs what was filled in through SQL, the counters being right', async () => {
    const file = join(folder, 'tasks.db');
    await fillStore(file, { finished: 30, scheduled: 20, waiting: 10 }, Date.now() + 3_600_000);
    expect(topUp(file, 15)).toBe(0);
    expect(storedCount(file, 'available')).toBe(15);
    await session.open('library', file, false);
    expect(await session.left()).toBe(15 + 20);
    await session.start(10, { kind: 'no-op' });
    await session.reached(15, PATIENCE_S);
    await session.close();
    await session.expectRanOnce(0, 15);
    expect(storedCount(file, 'completed')).toBe(30 + 15);
    expect(topUp(file, 5)).toBe(15);
  });
});
