import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { START } from '../../../../test/conformance/harness.js';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import type { StepLease, StepRecord } from '../../port/index.js';
import { insertStep, leasedTask, putStep, readSteps, waitOf } from './step-rows.js';

const DONE: StepRecord = {
  kind: 'step',
  name: 'charge',
  number: 0,
  position: 1,
  result: '{"id":7}',
  sensitive: ['id'],
  wait: null,
  startedAt: START,
  finishedAt: START + 1,
};
const OPEN: StepRecord = {
  ...DONE,
  kind: 'wait',
  name: 'word',
  position: 2,
  result: null,
  sensitive: [],
  wait: { signals: ['word'] },
  finishedAt: null,
};

describe('The steps of a task', () => {
  let site: QuietStore;
  let lease: StepLease & { readonly worker: string };

  beforeEach(async () => {
    site = await QuietStore.open();
    site.add({});
    const [claimed] = site.claim();
    lease = claimed!;
  });
  afterEach(() => site.close());

  const put = (...steps: StepRecord[]) =>
    site.write(({ database }) => steps.forEach((step) => putStep(database, leasedTask(database, lease)!, 1, step)));
  const read = (after: Parameters<typeof readSteps>[2] = null) => readSteps(site.database, lease, after);

  it('are read by whoever holds its lease, in the order of their places', () => {
    expect(read()).toEqual({ steps: [], more: false });
    put(OPEN, DONE);
    expect(read()).toEqual({ steps: [DONE, OPEN], more: false });
    expect(read({ kind: 'step', name: 'charge', number: 0 })).toEqual({ steps: [OPEN], more: false });
    expect(readSteps(site.database, { ...lease, attempt: 2 }, null)).toEqual({ steps: [], more: false });
    expect(readSteps(site.database, { ...lease, worker: 'two' }, null)).toEqual({ steps: [], more: false });
    const { worker: _worker, ...anybody } = lease;
    expect(leasedTask(site.database, anybody)).toBeUndefined();
  });

  it('mark their task once, and take the place of one that stands there', () => {
    put(DONE);
    expect(site.row(lease.id)).toMatchObject({ traits: '{"steps":true}', beside: 1 });
    site.run('UPDATE tasks_task SET beside = NULL');
    put({ ...DONE, result: '8' });
    expect(site.row(lease.id)!['beside']).toBeNull();
    expect(read().steps).toEqual([{ ...DONE, result: '8' }]);
    expect(site.find('SELECT attempt, sensitive FROM tasks_step')).toEqual([{ attempt: 1, sensitive: '["id"]' }]);
    site.write(({ database }) => insertStep(database, 1, 3, OPEN));
    expect(site.find(`SELECT attempt, sensitive, wait FROM tasks_step WHERE kind = 'wait'`)).toEqual([
      { attempt: 3, sensitive: null, wait: '{"signals":["word"]}' },
    ]);
  });

  it('are read in pages, by their number and by what they gave', () => {
    const numbered = Array.from({ length: 1_001 }, (_, number) => ({ ...DONE, number, position: number + 1 }));
    put(...numbered);
    const first = read();
    expect(first).toMatchObject({ more: true });
    expect(first.steps).toHaveLength(1_000);
    expect(read(first.steps.at(-1))).toMatchObject({ more: false, steps: [{ number: 1_000 }] });
    const half = JSON.stringify('x'.repeat(2 * 1_024 ** 2 - 2));
    put({ ...numbered[0]!, result: half }, { ...numbered[1]!, result: half }, { ...numbered[2]!, result: null });
    expect(read().steps.length).toBe(4);
    expect(read()).toMatchObject({ more: true });
    put({ ...numbered[0]!, result: `${half}  ` });
    expect(read().steps.length).toBe(2);
    expect(read()).toMatchObject({ more: true });
  });
});

it('What a step waits for is read from its column', () => {
  expect(waitOf(null)).toBeNull();
  expect(waitOf('{"until":5}')).toEqual({ until: 5 });
});
