import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, failed, MINUTE, retryAt, START } from '../../../../test/conformance/harness.js';
import { StatementSite } from '../../../../test/support/statement-site.js';
import type { StepRecord } from '../../port/index.js';
import { retryFrom } from './retry-from.js';
import { insertStep } from './step-rows.js';

function step(name: string, position: number): StepRecord {
  const times = { startedAt: START, finishedAt: START };
  return { kind: 'step', name, number: 0, position, result: 'null', sensitive: [], wait: null, ...times };
}

describe('A task that is retried from a step', () => {
  let site: StatementSite;

  beforeEach(async () => {
    site = await StatementSite.open();
  });
  afterEach(() => site.close());

  const retry = (id: string, name: string) => site.run((transaction) => retryFrom(transaction, id, name, site.now));
  const record = (id: string, ...names: string[]) =>
    site.run(({ database }) =>
      names.forEach((name, index) => insertStep(database, site.row(id)['seq'] as number, 1, step(name, index + 1))),
    );
  const steps = () => site.all('SELECT name FROM tasks_step ORDER BY position').map(({ name }) => name);

  it('runs again without that step and those after it', async () => {
    const [task] = await site.add({});
    const [claimed] = await site.claim(1);
    await record(task!.id, 'a', 'b', 'c');
    expect(await retry('none', 'b')).toEqual({ done: false, state: null });
    expect(await retry(task!.id, 'b')).toEqual({ done: false, state: 'running' });
    await site.end(claimed!, retryAt(START + MINUTE));
    expect(await retry(task!.id, 'd')).toEqual({ done: false, state: 'retryable' });
    expect(steps()).toEqual(['a', 'b', 'c']);
    expect(await retry(task!.id, 'b')).toEqual({ done: true, state: 'retryable' });
    expect(site.row(task!.id)['state']).toBe('available');
    expect(steps()).toEqual(['a']);
  });

  it('does not run again while another one holds its key', async () => {
    const traits = { unique: { key: 'k', until: 'ended', onConflict: 'keep' } } as const;
    const [task] = await site.add({ traits });
    const [claimed] = await site.claim(1);
    await record(task!.id, 'a');
    await site.end(claimed!, failed());
    const [holder] = await site.add({ traits });
    expect(await retry(task!.id, 'a')).toEqual({ done: false, state: 'failed', holder: holder!.id });
    expect(steps()).toEqual(['a']);
    const [other] = await site.claim(1);
    await site.end(other!, completed);
    expect(await retry(task!.id, 'a')).toEqual({ done: true, state: 'failed' });
  });
});
