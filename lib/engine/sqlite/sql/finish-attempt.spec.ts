import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { retryAt } from '../../../../test/conformance/harness.js';
import { QUEUE, QuietStore } from '../../../../test/support/quiet-store.js';
import type { Outcome } from '../../port/index.js';

let site: QuietStore;

beforeEach(async () => void (site = await QuietStore.open()));
afterEach(() => site.close());

const attempts = (): Array<Record<string, unknown>> => site.find('SELECT * FROM tasks_attempt ORDER BY task');
const metric = (): unknown =>
  site.find('SELECT completed, failed, retried, cancelled, wait_total, run_total FROM tasks_metric');
const lapse = (): number | undefined => site.find('SELECT at FROM tasks_lapse')[0]?.at as number | undefined;

describe('A retry', () => {
  it('waits for its time, and counts against the attempts', () => {
    const task = site.running({ deadlineAt: site.now + 9_000, startBy: site.now + 2_000 });
    expect(site.end(task, { ...retryAt(site.now + 500), maxAttempts: 8 })).toBe(true);
    expect(site.row(task.id)).toMatchObject({
      state: 'retryable',
      run_at: site.now + 500,
      excused: 0,
      max_attempts: 8,
      started_at: site.now,
    });
    expect(site.last.dueAt).toBe(site.now + 500);
    expect(lapse()).toBe(site.now + 9_000);
    expect(attempts()).toMatchObject([{ outcome: 'retried', error_message: 'not yet' }]);
    expect(metric()).toMatchObject([{ retried: 1 }]);
    expect(site.last.events!).toMatchObject([{ event: 'retried', error: { message: 'not yet' } }]);
    expect(site.counts()).toEqual({ 'default retryable': 1 });
    expect(site.last.available.size).toBe(0);
  });

  it('is available where its time has come, and is excused where it does not count', () => {
    const task = site.running();
    site.end(task, retryAt(site.now, false));
    expect(site.row(task.id)).toMatchObject({ state: 'available', excused: 1 });
    expect(site.last.dueAt).toBe(Infinity);
    expect(site.last.events!).toEqual([]);
    expect(attempts()).toMatchObject([{ outcome: 'snoozed' }]);
    expect(metric()).toMatchObject([{ retried: 0, completed: 0, run_total: 0 }]);
    expect(lapse()).toBeUndefined();
  });

  it('closes the limit that it was told to', () => {
    const [one, other] = [site.running(), site.running()];
    site.end(one, { ...retryAt(site.now + 500), closes: { limit: null } } as Outcome);
    expect(site.find('SELECT name, closed_at, closed_until FROM tasks_queue')).toEqual([
      { name: QUEUE, closed_at: site.now, closed_until: site.now + 500 },
    ]);
    site.end(other, { ...retryAt(site.now + 700), closes: { limit: 'api' } } as Outcome);
    expect(site.find('SELECT name, closed_at, closed_until FROM tasks_limit')).toEqual([
      { name: 'limit:api', closed_at: site.now, closed_until: site.now + 700 },
    ]);
  });
});

describe('A task that is handed back', () => {
  it('is as it was before its claim, where it had not begun', () => {
    const task = site.running({ startBy: site.now + 2_000, deadlineAt: site.now + 9_000 });
    site.run('DELETE FROM tasks_lapse');
    expect(site.end(task, { kind: 'released', maxAttempts: 4 }, null)).toBe(true);
    expect(site.row(task.id)).toMatchObject({ state: 'available', attempt: 0, worker: null, started_at: null });
    expect(lapse()).toBe(site.now + 2_000);
    expect(attempts()).toEqual([]);
    expect(site.counts()).toEqual({ 'default available': 1 });
    expect(site.last.touched.get(QUEUE)).toEqual([task.id]);
    expect(site.last.available.has(QUEUE)).toBe(true);
  });

  it('is so without traits too', () => {
    const task = site.running();
    site.end(task, { kind: 'released', maxAttempts: 4 }, null);
    expect(site.row(task.id)).toMatchObject({ state: 'available', attempt: 0, traits: null });
    site.end(site.claim()[0]!, { kind: 'cancelled', maxAttempts: 4, keepFor: 5, reason: 'expired' }, null);
    expect(site.row(task.id)).toMatchObject({ state: 'cancelled', attempt: 0, traits: null });
  });

  it('lapses at its deadline alone, where an attempt had begun before', () => {
    const task = site.running({ startBy: site.now + 2_000, deadlineAt: site.now + 9_000 });
    site.end(task, retryAt(site.now));
    site.run('DELETE FROM tasks_lapse');
    site.end(site.claim()[0]!, { kind: 'released', maxAttempts: 4 }, null);
    expect(site.row(task.id)).toMatchObject({ attempt: 1 });
    expect(lapse()).toBe(site.now + 9_000);
  });

  it('has its attempt on record where it had begun, and excused', () => {
    const task = site.running({ startBy: site.now + 2_000, deadlineAt: site.now + 9_000 });
    site.run('DELETE FROM tasks_lapse');
    expect(site.end(task, { kind: 'released', maxAttempts: 4 })).toBe(true);
    expect(site.row(task.id)).toMatchObject({ state: 'available', attempt: 1, excused: 1 });
    expect(attempts()).toMatchObject([{ outcome: 'released' }]);
    expect(site.find(`SELECT wait_total, run_histogram <> '[]' AS run FROM tasks_metric`)).toEqual([
      { wait_total: 0, run: 1 },
    ]);
    expect(lapse()).toBe(site.now + 9_000);
    expect(site.counts()).toEqual({ 'default available': 1 });
    const plain = site.running();
    site.end(plain, { kind: 'released', maxAttempts: 4 });
    expect(site.find('SELECT * FROM tasks_lapse')).toHaveLength(1);
  });

  it('has no time noted where none binds it any more, nor where it has none', () => {
    const task = site.running({ startBy: site.now + 2_000 });
    site.run('DELETE FROM tasks_lapse');
    site.end(task, { kind: 'released', maxAttempts: 4 });
    const plain = site.running();
    expect(site.end(plain, { kind: 'released', maxAttempts: 4 }, null)).toBe(true);
    expect(site.find('SELECT * FROM tasks_lapse')).toEqual([]);
    expect(site.counts()).toEqual({ 'default available': 2 });
  });

  it('keeps its slot', () => {
    site.limit(QUEUE, { keyConcurrency: 1 });
    site.add({ traits: { key: 'a' } }, { traits: { key: 'a' } });
    const [task] = site.claim();
    site.end(task!, { kind: 'released', maxAttempts: 4 }, null);
    expect(site.counts()).toEqual({ 'default available': 1, 'default held': 1 });
    expect(site.claim()[0]!.id).toBe(task!.id);
  });
});

describe('A task that is left to others', () => {
  const declined = {
    kind: 'declined',
    maxAttempts: 4,
    wait: 5_000,
    keepFor: null,
    error: { name: 'E', message: 'nobody' },
  } as const;

  it('is due again later, and fails once it has waited too long', () => {
    const task = site.running({ startBy: site.now + 90_000 });
    site.run('DELETE FROM tasks_lapse');
    const since = site.now;
    expect(site.end(task, declined, null)).toBe(true);
    expect(site.row(task.id)).toMatchObject({
      state: 'scheduled',
      attempt: 0,
      worker: null,
      run_at: since + 1_000,
      unhandled_since: since,
    });
    expect(site.last.dueAt).toBe(since + 1_000);
    expect(site.find('SELECT queue, name FROM tasks_unhandled')).toEqual([{ queue: QUEUE, name: 'work' }]);
    expect(site.counts()).toEqual({ 'default scheduled': 1 });
    expect(lapse()).toBe(since + 90_000);
    site.clock.set(since + 4_900);
    site.act('run-now', task.id);
    site.end(site.claim()[0]!, declined, null);
    expect(site.row(task.id)).toMatchObject({ state: 'scheduled', run_at: site.now + 1_225, unhandled_since: since });
    site.clock.set(since + 5_000);
    site.act('run-now', task.id);
    expect(site.end(site.claim()[0]!, declined, null)).toBe(true);
    expect(site.row(task.id)).toMatchObject({ state: 'failed' });
  });

  it('has given its slot back', () => {
    site.limit(QUEUE, { keyConcurrency: 1 });
    const ids = site.add({ traits: { key: 'a' } }, { traits: { key: 'a' } });
    site.end(site.claim()[0]!, declined, null);
    expect(site.states(ids)).toEqual(['scheduled', 'available']);
  });
});

describe('A task that is not begun by its time', () => {
  const expired = { kind: 'cancelled', maxAttempts: 7, keepFor: 900, reason: 'expired' } as const;

  it('ends as if it had never been claimed', () => {
    site.limit(QUEUE, { keyConcurrency: 1 });
    const id = site.suspendedCaller({ key: 'a' });
    site.add({ traits: { key: 'a' } });
    const [task] = site.claim();
    expect(site.end(task!, expired, null)).toBe(true);
    expect(site.row('called')).toMatchObject({
      state: 'cancelled',
      attempt: 0,
      worker: null,
      started_at: null,
      finished_at: site.now,
      expires_at: site.now + 900,
      max_attempts: 7,
    });
    expect(JSON.parse(site.row('called')!.traits as string)).toMatchObject({ reason: 'expired' });
    expect(site.last.events!).toEqual([
      { event: 'cancelled', task: { id: 'called', queue: QUEUE, name: 'work', attempt: 0 } },
    ]);
    expect(site.find('SELECT cancelled FROM tasks_metric')).toEqual([{ cancelled: 1 }]);
    expect(site.counts()).toEqual({ 'default available': 2, 'default cancelled': 1 });
    expect(site.last.touched.get(QUEUE)).toContain('called');
    expect(site.states([id])).toEqual(['available']);
  });
});
