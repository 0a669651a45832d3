import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { START } from '../../../../test/conformance/harness.js';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import { saveReports } from './save-reports.js';

describe('What a handler reports while it runs', () => {
  let site: QuietStore;

  beforeEach(async () => void (site = await QuietStore.open()));
  afterEach(() => site.close());

  it('is stored under its lease, and its lines as long as the task is there', () => {
    const [task] = site.store({});
    const [claimed] = site.claim();
    const lines = [
      { at: START, message: 'one' },
      { at: START + 1, message: 'two' },
    ];
    site.write((transaction) => saveReports(transaction, claimed!, { percent: 40, message: 'on' }, lines));
    expect(site.last.touched).toEqual(new Map([['default', [task!.id]]]));
    expect(site.row(task!.id)!['progress']).toBe('{"percent":40,"message":"on"}');
    expect(site.find('SELECT attempt, at, message FROM tasks_log ORDER BY id')).toEqual([
      { attempt: 1, at: START, message: 'one' },
      { attempt: 1, at: START + 1, message: 'two' },
    ]);
    site.write((transaction) => saveReports(transaction, claimed!, null, []));
    expect(site.row(task!.id)!['progress']).toBe('{"percent":40,"message":"on"}');
    site.write((transaction) => saveReports(transaction, { ...claimed!, attempt: 2 }, { percent: 50 }, []));
    expect(site.row(task!.id)!['progress']).toBe('{"percent":40,"message":"on"}');
    site.write((transaction) => saveReports(transaction, { ...claimed!, id: 'other' }, null, lines));
    expect(site.find('SELECT 1 FROM tasks_log')).toHaveLength(2);
  });
});
