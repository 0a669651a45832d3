import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { retryAt } from '../../../../test/conformance/harness.js';
import { QUEUE, QuietStore } from '../../../../test/support/quiet-store.js';
import { lapseLater, lapseTasks, nextLapseAt } from './lapse-tasks.js';
import { tellOfEnd, wakeDue } from './wake-tasks.js';

let site: QuietStore;

beforeEach(async () => void (site = await QuietStore.open()));
afterEach(() => site.closeAsIs());

const lapse = (): number | undefined => site.find('SELECT at FROM tasks_lapse')[0]?.at as number | undefined;

describe('A time to have started, or ended, by', () => {
  const lapseAll = (limit = 9): number =>
    site.write((transaction) =>
      lapseTasks(transaction, site.now, limit, (_queue, state) => (state === 'failed' ? 30 : 7), {
        wakeDue,
        tellOfEnd,
      }),
    );

  it('cancels what has not started, and fails what has not ended', () => {
    const id = site.suspendedCaller({ startBy: site.now + 10, deadlineAt: site.now + 99 });
    const late = 'called';
    const [due, other] = site.add(
      { traits: { deadlineAt: site.now + 20, onFailed: { queue: 'other', name: 'told' } } },
      { traits: { deadlineAt: site.now + 30 } },
    ) as [string, string];
    expect(nextLapseAt(site.database)).toBe(site.now + 10);
    site.clock.advance(9);
    expect(lapseAll()).toBe(0);
    site.clock.advance(1);
    expect(lapseAll()).toBe(1);
    expect(site.row(late)).toMatchObject({ state: 'cancelled', finished_at: site.now, expires_at: site.now + 7 });
    expect(JSON.parse(site.row(late)!.traits as string)).toMatchObject({ reason: 'expired' });
    expect(site.row(late)!.error_group).toBeNull();
    expect(site.last.events!).toEqual([{ event: 'cancelled', task: expect.objectContaining({ id: late }) as unknown }]);
    expect(site.states([id])).toEqual(['available']);
    site.clock.advance(10);
    expect(lapseAll()).toBe(1);
    expect(site.row(due)).toMatchObject({ state: 'failed', expires_at: site.now + 30 });
    expect(site.row(due)!.error_group).not.toBeNull();
    expect(site.last.events!).toMatchObject([{ event: 'failed', error: { name: 'DeadlineError' } }]);
    const [told] = site.find(`SELECT id, params FROM tasks_task WHERE name = 'told'`);
    expect(JSON.parse(told!.params as string)).toMatchObject({ error: { name: 'DeadlineError' } });
    expect(told!.id).toContain('at-');
    expect(site.find('SELECT failed, cancelled FROM tasks_metric')).toMatchObject([{ failed: 1, cancelled: 1 }]);
    expect(site.last.touched.get(QUEUE)).toEqual([due]);
    expect(site.states([other])).toEqual(['available']);
    expect(nextLapseAt(site.database)).toBe(site.now + 10);
    expect(site.counts()).toMatchObject({ 'default available': 2, 'default cancelled': 1, 'default failed': 1 });
  });

  it('looks again at the deadline of what has started in time, and not at what runs, has ended or is gone', () => {
    const traits = { startBy: site.now + 10, deadlineAt: site.now + 90 };
    const [started, runs, gone] = site.add({ traits }, { traits }, { traits }) as [string, string, string];
    site.end(site.claim()[0]!, retryAt(site.now));
    site.run('UPDATE tasks_lapse SET at = ?', site.now + 10);
    site.run(`UPDATE tasks_task SET state = 'running' WHERE id = ?`, runs);
    site.run(`PRAGMA foreign_keys = OFF`);
    site.run('DELETE FROM tasks_task WHERE id = ?', gone);
    site.clock.advance(10);
    lapseAll();
    expect(site.states([started, runs])).toEqual(['available', 'running']);
    expect(site.find('SELECT task, at FROM tasks_lapse')).toEqual([{ task: site.seq(started), at: site.now + 80 }]);
    expect(site.last.lapseAt).toBe(site.now + 80);
    site.run(`UPDATE tasks_task SET state = 'completed'`);
    site.clock.advance(80);
    expect(lapseAll()).toBe(1);
    expect(site.states([started])).toEqual(['completed']);
    expect(nextLapseAt(site.database)).toBeNull();
    expect(lapseAll()).toBe(0);
  });

  it('is looked at again where it was looked at too early', () => {
    site.add({ traits: { startBy: site.now + 10, deadlineAt: site.now + 90 } });
    site.run('UPDATE tasks_lapse SET at = ?', site.now);
    expect(lapseAll()).toBe(1);
    expect(lapse()).toBe(site.now + 10);
  });

  it('is none of a task without traits', () => {
    site.add({});
    site.write((transaction) => lapseLater(transaction, 1, undefined, false));
    expect([lapse(), site.last.lapseAt]).toEqual([undefined, Infinity]);
  });

  it('goes through so many at once, gives slots back, and keeps what holds a key', () => {
    site.limit(QUEUE, { keyConcurrency: 1 });
    const startBy = site.now + 10;
    const unique = { key: 'k', until: 'time', for: 5_000, onConflict: 'keep' } as const;
    const ids = site.add({ traits: { key: 'a', startBy, unique } }, { traits: { key: 'a' } }, { traits: { startBy } });
    const since = site.now;
    site.clock.advance(10);
    expect(lapseAll(1)).toBe(1);
    expect(site.states(ids)).toEqual(['cancelled', 'available', 'available']);
    expect(site.row(ids[0]!)!.expires_at).toBe(since + 5_000);
    expect(lapseAll(1)).toBe(1);
    expect(site.states(ids)).toEqual(['cancelled', 'available', 'cancelled']);
  });

  it('has a suspended task go on at its time, and end at its deadline', () => {
    const [first, second] = [site.running({ deadlineAt: site.now + 500 }), site.running({ deadlineAt: site.now + 50 })];
    site.end(first, { kind: 'suspended', maxAttempts: 4, waits: [site.wait('sleep', { until: site.now + 100 })] });
    site.end(second, { kind: 'suspended', maxAttempts: 4, waits: [site.wait('sleep', { until: site.now + 100 })] });
    site.clock.advance(50);
    lapseAll();
    expect(site.states([first.id, second.id])).toEqual(['suspended', 'failed']);
    expect(JSON.parse(site.row(second.id)!.traits as string)).not.toHaveProperty('waitingFor');
    site.clock.advance(50);
    lapseAll();
    expect(site.states([first.id])).toEqual(['available']);
    expect(lapse()).toBe(site.now + 400);
  });
});
