import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QUEUE, QuietStore } from '../../../../test/support/quiet-store.js';
import { setPaused } from './pause-queue.js';

describe('A worker that claims', () => {
  let site: QuietStore;

  beforeEach(async () => void (site = await QuietStore.open()));
  afterEach(() => site.close());

  const lost = (times: number, ...ids: readonly string[]): void => {
    for (const id of ids) site.run('UPDATE tasks_task SET lost = ? WHERE id = ?', times, id);
  };

  it.each([{ wanted: 0 }, { hungry: false }])('is left as it is where it asks for nothing: %o', (asked) => {
    site.write((transaction) => setPaused(transaction, QUEUE, site.now));
    const worker = site.claimant({ claimsAhead: false, ...asked });
    expect(site.claimAs(worker)).toBeUndefined();
    expect(worker).toMatchObject({ paused: false, claimsAhead: false });
  });

  it('gets nothing where nothing may be claimed ahead and it has no room', () => {
    site.add({});
    site.limit(QUEUE, { keyConcurrency: 1, globalConcurrency: 5 });
    const worker = site.claimant({ wanted: 3, room: 0 });
    expect(site.claimAs(worker)).toBeUndefined();
    expect(worker).toMatchObject({ hungry: true, claimsAhead: false });
  });

  it('asks again only once it may, where the next task might be lost once more', () => {
    lost(4, ...site.add({}, {}, {}));
    const worker = site.claimant({ wanted: 3, room: 2 });
    expect(site.claimAs(worker)).toMatchObject({ tasks: [{}], limitedUntil: site.now + 250 });
    expect(worker).toMatchObject({ hungry: false, claimsAhead: false });
  });

  it('gets what was lost where there is no more than it has room for', () => {
    lost(1, ...site.add({}));
    const worker = site.claimant({ wanted: 5, room: 3 });
    expect(site.claimAs(worker)!.tasks).toHaveLength(1);
    expect(worker).toMatchObject({ hungry: false, claimsAhead: true });
  });
});
