import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failed } from '../../../../test/conformance/harness.js';
import { QUEUE, QuietStore } from '../../../../test/support/quiet-store.js';
import { clearTasks } from './clear-tasks.js';
import { addPause } from './pause-rows.js';

let site: QuietStore;

beforeEach(async () => void (site = await QuietStore.open()));
afterEach(() => site.close());

describe('A store that is cleared', () => {
  it('has no task, no pause and no schedule but those of the code', () => {
    site.add({ traits: { tags: { a: 'b' }, deadlineAt: site.now + 5 } }, { traits: { key: 'a' } });
    site.end(site.claim()[0]!, failed());
    site.limit(QUEUE, { keyConcurrency: 1 });
    site.write((transaction) => addPause(transaction, { name: 'x' }, 1));
    site.run(`INSERT INTO tasks_name (name, sensitive) VALUES ('work', '[]')`);
    const schedule = `INSERT INTO tasks_schedule (name, source, expression, queue, task, params, priority, catch_up, overlap, disabled)`;
    site.run(
      `${schedule} VALUES ('mine', 'code', 'x', 'q', 't', '{}', 0, 'once', 1, 0), ('own', 'runtime', 'x', 'q', 't', '{}', 0, 'once', 1, 0)`,
    );
    for (let times = 0; times < 2; times += 1) {
      site.write(clearTasks);
      const tables = site.find(`SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'tasks_*'`);
      const left = tables
        .map(({ name }) => String(name))
        .filter((name) => site.find(`SELECT 1 FROM ${name}`).length > 0);
      expect(left.toSorted()).toEqual(['tasks_migration', 'tasks_name', 'tasks_schedule']);
      expect(site.find('SELECT name FROM tasks_schedule')).toEqual([{ name: 'mine' }]);
      site.add({});
    }
  });
});
