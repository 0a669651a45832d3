import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, MINUTE, START } from '../../../../test/conformance/harness.js';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import type { UniqueClaim } from '../../../contract/index.js';
import { storedKey } from '../../common/index.js';
import { runScript } from './run-script.js';
import { keyHolder, keyHolderOf, keyKeptUntil, takeKeyAgain } from './unique-keys.js';

const CLAIM: UniqueClaim = { key: 'k', until: 'ended', onConflict: 'keep' };
const OF_WORK = { queue: 'default', name: 'work' };

describe('A unique key', () => {
  let site: QuietStore;

  beforeEach(async () => void (site = await QuietStore.open()));
  afterEach(() => site.close());

  const stored = () => site.find('SELECT key, task, until, attempt, taken_at, expires_at, merged FROM tasks_unique');
  const holder = (now = site.now) =>
    site.write((transaction) => runScript(transaction, keyHolder(storedKey(OF_WORK, CLAIM), now)));

  it('is held by the task that took it, until that has ended', () => {
    expect(holder()).toBeNull();
    const [task] = site.store({ traits: { unique: CLAIM } });
    const key = storedKey(OF_WORK, CLAIM);
    expect(stored()).toEqual([
      { key, task: 1, until: 'ended', attempt: 0, taken_at: START, expires_at: null, merged: null },
    ]);
    expect(holder()).toEqual({
      key,
      seq: 1,
      id: task!.id,
      taken: { until: 'ended', takenAt: START, expiresAt: null, attempt: 0 },
      task: { state: 'available', attempt: 0, runAt: START },
      merged: null,
    });
    const [claimed] = site.claim();
    expect(holder()!.task).toEqual({ state: 'running', attempt: 1, runAt: START });
    site.end(claimed!, completed);
    expect(holder()).toBeNull();
    // Nor is it held by a task that is gone without it.
    site.run('UPDATE tasks_unique SET task = 77');
    expect(holder()).toBeNull();
  });

  it('is forgotten once its time is over', () => {
    const unique: UniqueClaim = { ...CLAIM, until: 'time', for: MINUTE };
    site.add({ traits: { unique } });
    expect(stored()).toMatchObject([{ until: 'time', expires_at: START + MINUTE }]);
    expect(holder(START + MINUTE - 1)).toMatchObject({ seq: 1 });
    expect(stored()).toHaveLength(1);
    expect(holder(START + MINUTE)).toBeNull();
    expect(stored()).toEqual([]);
  });

  it('is taken again by a task that had ended, unless another one holds it', () => {
    const [task] = site.store({ traits: { unique: CLAIM } });
    const [claimed] = site.claim();
    const again = (traits: { unique?: UniqueClaim } | undefined) =>
      site.write((transaction) => takeKeyAgain(transaction, { ...OF_WORK, seq: 1, attempt: 1 }, traits, START + 5));
    expect(again(undefined)).toBeNull();
    expect(again({})).toBeNull();
    expect(stored()).toMatchObject([{ task: 1, attempt: 0, taken_at: START }]);
    // Its own keeps nobody out.
    expect(again({ unique: CLAIM })).toBeNull();
    expect(stored()).toMatchObject([{ task: 1, attempt: 1, taken_at: START + 5 }]);
    site.end(claimed!, completed);
    const [other] = site.store({ traits: { unique: CLAIM } });
    expect(again({ unique: CLAIM })).toBe(other!.id);
    expect(stored()).toMatchObject([{ task: 2 }]);
    const [running] = site.claim();
    site.end(running!, completed);
    expect(again({ unique: CLAIM })).toBeNull();
    expect(stored()).toMatchObject([{ task: 1, attempt: 1 }]);
    expect(task!.traits).toEqual({ unique: CLAIM });
  });

  it('tells a reader who holds it', () => {
    const of = (traits: { unique?: UniqueClaim } | undefined, name = 'work') =>
      keyHolderOf(site.database, { queue: 'default', name }, traits, site.now);
    expect(of(undefined)).toEqual({});
    expect(of({})).toEqual({});
    expect(of({ unique: CLAIM })).toEqual({ keyHolder: null });
    const [task] = site.store({ traits: { unique: CLAIM } });
    expect(of({ unique: CLAIM })).toEqual({ keyHolder: task!.id });
    expect(of({ unique: CLAIM }, 'play')).toEqual({ keyHolder: null });
    const [claimed] = site.claim();
    site.end(claimed!, completed);
    expect(of({ unique: CLAIM })).toEqual({ keyHolder: null });
  });

  it('keeps a task for as long as it holds it by time, and by nothing else', () => {
    const [byTime, byEnd] = ['time', 'ended'].map(
      (until) => ({ ...CLAIM, key: until, until, for: MINUTE }) as UniqueClaim,
    );
    site.add({ traits: { unique: byTime! } }, { traits: { unique: byEnd! } });
    expect(keyKeptUntil(site.database, 1, { unique: byTime! })).toBe(START + MINUTE);
    expect(keyKeptUntil(site.database, 2, { unique: byEnd! })).toBeNull();
    expect(keyKeptUntil(site.database, 1, {})).toBeNull();
    expect(keyKeptUntil(site.database, 1, undefined)).toBeNull();
    expect(keyKeptUntil(site.database, 7, { unique: byTime! })).toBeNull();
  });
});
