import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MINUTE, START } from '../../../../test/conformance/harness.js';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import { nextDue, promoteTasks } from './promote-tasks.js';
import { setFlow } from './set-flow.js';

describe('A task whose time has come', () => {
  let site: QuietStore;

  beforeEach(async () => void (site = await QuietStore.open()));
  afterEach(() => site.close());

  it('is available, those first that were due first, at most so many at once', () => {
    const [late, first, second] = site.store(
      { runAt: START + 3 * MINUTE },
      { runAt: START + MINUTE },
      { runAt: START + 2 * MINUTE, queue: 'mail' },
    );
    expect(nextDue(site.database)).toBe(START + MINUTE);
    expect(site.write((transaction) => promoteTasks(transaction, START, 9))).toBe(0);
    expect(site.write((transaction) => promoteTasks(transaction, START + 2 * MINUTE, 1))).toBe(1);
    expect(site.row(first!.id)!['state']).toBe('available');
    expect(site.last.available).toEqual(new Set(['default']));
    expect(site.last.touched).toEqual(new Map([['default', [first!.id]]]));
    expect(site.write((transaction) => promoteTasks(transaction, START + 2 * MINUTE, 9))).toBe(1);
    expect(site.row(second!.id)!['state']).toBe('available');
    expect(site.row(late!.id)!['state']).toBe('scheduled');
    expect(nextDue(site.database)).toBe(START + 3 * MINUTE);
    site.write((transaction) => promoteTasks(transaction, START + 3 * MINUTE, 9));
    expect(nextDue(site.database)).toBeNull();
  });

  it('is held by its key until that has a slot for it', () => {
    site.write((transaction) => setFlow(transaction, 'default', { keyConcurrency: 1 }));
    const traits = { key: 'a' };
    const [one, two] = site.store({ runAt: START + MINUTE, traits }, { runAt: START + MINUTE, traits });
    site.write((transaction) => promoteTasks(transaction, START + MINUTE, 9));
    expect(site.row(one!.id)!['state']).toBe('available');
    expect(site.row(two!.id)!['state']).toBe('held');
  });
});
