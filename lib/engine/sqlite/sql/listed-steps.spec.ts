import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import type { StepRecord } from '../../port/index.js';
import { listSteps } from './listed-steps.js';
import { sendSignal } from './signal-rows.js';
import { insertStep } from './step-rows.js';

let site: QuietStore;

beforeEach(async () => void (site = await QuietStore.open()));
afterEach(() => site.close());

const mask = (value: unknown, paths: readonly string[]): unknown => ({
  ...(value as object),
  ...Object.fromEntries(paths.map((path) => [path, '[masked]'])),
});

describe('The steps of a task', () => {
  it('are told of in their order, masked, with the signals that wait', () => {
    const [id] = site.add({});
    const step = (position: number, others: Partial<StepRecord> = {}): StepRecord => ({
      kind: 'step',
      name: `s${position}`,
      number: 0,
      position,
      result: '{"a":1,"b":2}',
      sensitive: [],
      wait: null,
      startedAt: 5,
      finishedAt: 6,
      ...others,
    });
    const put = (record: StepRecord) => insertStep(site.database, site.seq(id!), 3, record);
    put(step(2, { sensitive: ['a'] }));
    put(step(1));
    put(step(3, { kind: 'sleep', result: null, wait: { until: 9 }, finishedAt: null }));
    put(step(4, { result: JSON.stringify('x'.repeat(64 * 1_024 - 1)) }));
    put(step(5, { result: JSON.stringify('x'.repeat(64 * 1_024 - 2)) }));
    site.write((transaction) => sendSignal(transaction, id!, { name: 'one', payload: '{"a":1}', sensitive: ['a'] }, 7));
    site.write((transaction) =>
      sendSignal(transaction, id!, { name: 'two', payload: JSON.stringify('x'.repeat(70_000)), sensitive: ['a'] }, 8),
    );
    site.write((transaction) => sendSignal(transaction, id!, { name: 'three', payload: '{"a":1}', sensitive: [] }, 9));
    const listed = listSteps(site.database, id!, mask)!;
    const common = { kind: 'step', number: 0, attempt: 3, startedAt: 5, finishedAt: 6 };
    expect(listed.total).toBe(5);
    expect(listed.steps.slice(0, 4)).toEqual([
      { ...common, name: 's1', position: 1, result: { a: 1, b: 2 } },
      { ...common, name: 's2', position: 2, result: { a: '[masked]', b: 2 } },
      { ...common, kind: 'sleep', name: 's3', position: 3, wait: { until: 9 }, finishedAt: null },
      { ...common, name: 's4', position: 4, isLarge: true },
    ]);
    expect(listed.steps[4]).toMatchObject({ result: 'x'.repeat(64 * 1_024 - 2) });
    expect(listed.steps[4]).not.toHaveProperty('isLarge');
    expect(listed.signals).toEqual([
      { name: 'one', sentAt: 7, payload: { a: '[masked]' } },
      { name: 'two', sentAt: 8, payload: null },
      { name: 'three', sentAt: 9, payload: { a: 1 } },
    ]);
    expect(listSteps(site.database, 'none', mask)).toBeNull();
  });
});
