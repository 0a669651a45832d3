import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { START } from '../../../../test/conformance/harness.js';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import { errorGroupKey } from '../../common/index.js';
import { noteError } from './note-error.js';

const HOUR = 3_600_000;
const ERROR = { name: 'TypeError', message: 'no 7' };

describe('An error that a task failed with', () => {
  let site: QuietStore;

  beforeEach(async () => void (site = await QuietStore.open()));
  afterEach(() => site.close());

  it('is counted once a transaction for each group, by hour and queue', () => {
    const [one, two] = site.store({}, { queue: 'mail' });
    const [first, second] = [one, two].map((task) => site.row(task!.id)!['seq'] as number);
    const task = { seq: first!, name: 'work', queue: 'default' };
    site.write((transaction) => {
      noteError(transaction, task, ERROR, START + HOUR);
      noteError(transaction, task, ERROR, START + HOUR + 5);
      noteError(transaction, { ...task, seq: second!, queue: 'mail' }, { ...ERROR, message: 'no 8' }, START + HOUR);
      noteError(transaction, task, ERROR, START + 7);
      noteError(transaction, task, { ...ERROR, message: 'another' }, START);
    });
    const key = errorGroupKey('work', ERROR);
    const other = errorGroupKey('work', { ...ERROR, message: 'another' });
    expect(
      site.find('SELECT key, name, error_name, first_at, last_at FROM tasks_error_group WHERE key = ?', key),
    ).toEqual([{ key, name: 'work', error_name: 'TypeError', first_at: START + 7, last_at: START + HOUR + 5 }]);
    const hour = START / HOUR;
    expect(
      site.find('SELECT key, hour, queue, failed FROM tasks_error_hour ORDER BY key = ?, hour, queue', key),
    ).toEqual([
      { key: other, hour, queue: 'default', failed: 1 },
      { key, hour, queue: 'default', failed: 1 },
      { key, hour: hour + 1, queue: 'default', failed: 2 },
      { key, hour: hour + 1, queue: 'mail', failed: 1 },
    ]);
    expect(site.row(one!.id)!['error_group']).toBe(other);
    expect(site.row(two!.id)!['error_group']).toBe(key);
  });
});
