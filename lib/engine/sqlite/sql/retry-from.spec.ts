import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, failed, MINUTE, retryAt, START } from '../../../../test/conformance/harness.js';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import type { StepRecord } from '../../port/index.js';
import { retryFrom } from './retry-from.js';
import { insertStep } from './step-rows.js';

function step(name: string, position: number): StepRecord {
  const times = { startedAt: START, finishedAt: START };
  return { kind: 'step', name, number: 0, position, result: 'null', sensitive: [], wait: null, ...times };
}

describe('A task that is retried from a step', () => {
  let site: QuietStore;

  beforeEach(async () => void (site = await QuietStore.open()));
  afterEach(() => site.close());

  const retry = (id: string, name: string) => site.write((transaction) => retryFrom(transaction, id, name, site.now));
  const record = (id: string, ...names: string[]) =>
    site.write(({ database }) =>
      names.forEach((name, index) => insertStep(database, site.row(id)!['seq'] as number, 1, step(name, index + 1))),
    );
  const steps = () => site.find('SELECT name FROM tasks_step ORDER BY position').map(({ name }) => name);

  it('runs again without that step and those after it', () => {
    const [task] = site.store({});
    const [claimed] = site.claim();
    record(task!.id, 'a', 'b', 'c');
    expect(retry('none', 'b')).toEqual({ done: false, state: null });
    expect(retry(task!.id, 'b')).toEqual({ done: false, state: 'running' });
    site.end(claimed!, retryAt(START + MINUTE));
    expect(retry(task!.id, 'd')).toEqual({ done: false, state: 'retryable' });
    expect(steps()).toEqual(['a', 'b', 'c']);
    expect(retry(task!.id, 'b')).toEqual({ done: true, state: 'retryable' });
    expect(site.row(task!.id)!['state']).toBe('available');
    expect(steps()).toEqual(['a']);
  });

  it('does not run again while another one holds its key', () => {
    const traits = { unique: { key: 'k', until: 'ended', onConflict: 'keep' } } as const;
    const [task] = site.store({ traits });
    const [claimed] = site.claim();
    record(task!.id, 'a');
    site.end(claimed!, failed());
    const [holder] = site.store({ traits });
    expect(retry(task!.id, 'a')).toEqual({ done: false, state: 'failed', holder: holder!.id });
    expect(steps()).toEqual(['a']);
    const [other] = site.claim();
    site.end(other!, completed);
    expect(retry(task!.id, 'a')).toEqual({ done: true, state: 'failed' });
  });
});
