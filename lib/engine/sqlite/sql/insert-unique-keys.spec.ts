import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newTask } from '../../../../test/conformance/harness.js';
import { QUEUE, QuietStore } from '../../../../test/support/quiet-store.js';
import type { TaskState } from '../../../contract/index.js';
import { type ClaimingTask, insertUniqueTask } from './insert-unique-task.js';
import { runScript, type ScriptNotes } from './run-script.js';

let site: QuietStore;

beforeEach(async () => void (site = await QuietStore.open()));
afterEach(() => site.closeAsIs());

const unique = { key: 'k', until: 'ended', onConflict: 'replace' } as const;

/** Replaces the one that holds the unique key; returns what was noted of states and of queue keys. */
function replace(key: string | null, runAt: number): string[] {
  const noted: string[] = [];
  const notes: ScriptNotes = {
    moved: (queue, from, to) => void noted.push(`${queue}: ${from} to ${to}`),
    touch: () => undefined,
    due: () => undefined,
    lapses: () => undefined,
    keys: {
      freed: (queue, of) => void noted.push(`${queue}: ${of} freed`),
      entered: (queue, of) => void noted.push(`${queue}: ${of} entered`),
    },
  };
  const traits = { unique, ...(key !== null && { key }) };
  const task = newTask({ now: () => site.now }, { traits, runAt }) as ClaimingTask;
  const insert = () => {
    throw new Error('It is stored beside the one that it replaces');
  };
  site.write((transaction) => runScript(transaction, insertUniqueTask(task, site.now, notes, insert)));
  return noted;
}

describe('A task that takes the place of another one', () => {
  const later = true;

  it.each<{ from: TaskState; key: string | null; to: string | null; later?: boolean; noted: string[] }>([
    { from: 'available', key: 'a', to: 'a', noted: ['a entered'] },
    { from: 'available', key: 'a', to: 'b', noted: ['available to held', 'a freed', 'b entered'] },
    { from: 'available', key: 'a', to: null, noted: ['a freed'] },
    { from: 'available', key: 'a', to: 'a', later, noted: ['available to scheduled', 'a freed'] },
    { from: 'available', key: 'a', to: 'b', later, noted: ['available to scheduled', 'a freed'] },
    { from: 'available', key: null, to: 'a', noted: ['available to held', 'a entered'] },
    { from: 'available', key: null, to: null, noted: [] },
    { from: 'available', key: null, to: null, later, noted: ['available to scheduled'] },
    { from: 'held', key: 'a', to: 'a', noted: ['a entered'] },
    { from: 'held', key: 'a', to: 'b', noted: ['b entered'] },
    { from: 'held', key: 'a', to: null, noted: ['held to available'] },
    { from: 'held', key: 'a', to: 'a', later, noted: ['held to scheduled'] },
    { from: 'scheduled', key: 'a', to: 'a', noted: ['scheduled to held', 'a entered'] },
    { from: 'scheduled', key: 'a', to: 'b', later, noted: [] },
    { from: 'blocked', key: 'a', to: 'b', noted: [] },
  ])('notes of keys what it changes: $from, of $key, by one of $to', ({ from, key, to, noted, ...how }) => {
    const [id] = site.add({ traits: { unique } });
    site.run('UPDATE tasks_task SET state = ?, key = ? WHERE id = ?', from, key, id!);
    const runAt = how.later ? site.now + 9 : site.now;
    expect(replace(to, runAt)).toEqual(noted.map((each) => `${QUEUE}: ${each}`));
    expect(site.row(id!)).toMatchObject({ key: to, run_at: runAt });
  });
});
