import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { START } from '../../../../test/conformance/harness.js';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import { noteUnhandled, unhandledKinds } from './unhandled-kinds.js';

describe('A kind of which a task was left to others', () => {
  let site: QuietStore;

  beforeEach(async () => void (site = await QuietStore.open()));
  afterEach(() => site.close());

  it('is named while any of them waits', () => {
    site.add({ name: 'a' }, { name: 'a' }, { name: 'b' }, { name: 'c' });
    site.write((transaction) => {
      for (const name of ['b', 'a', 'a', 'none']) noteUnhandled(transaction, 'default', name);
      noteUnhandled(transaction, 'mail', 'a');
    });
    expect(unhandledKinds(site.database)).toEqual([]);
    site.run(`UPDATE tasks_task SET unhandled_since = ? + seq WHERE name IN ('a', 'c')`, START);
    expect(unhandledKinds(site.database)).toEqual([{ queue: 'default', name: 'a', since: START + 1, tasks: 2 }]);
  });
});
