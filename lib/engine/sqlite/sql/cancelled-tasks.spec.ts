import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import { cancelledAmong } from './cancelled-tasks.js';

let site: QuietStore;

beforeEach(async () => void (site = await QuietStore.open()));
afterEach(() => site.close());

describe('What a worker is asked to end', () => {
  it('is its own, and runs', () => {
    const ids = site.add({}, {}, {}, {});
    site.claim({ wanted: 2 });
    site.claim({}, { worker: 'two' });
    for (const id of ids) site.act('cancel', id);
    site.run('UPDATE tasks_task SET cancel_requested = 0 WHERE id = ?', ids[0]!);
    expect(cancelledAmong(site.database, 'one')).toEqual(new Set([site.seq(ids[1]!)]));
  });
});
