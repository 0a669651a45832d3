import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { StoppedTime } from '../support/stopped-time.js';
import type { Cost } from './cost-meter.js';
import { lifeOfAStore, TASKS, type Step } from './life-of-a-store.js';

/**
 * What a thousand tasks cost at most. Whoever makes a step cheaper writes the new numbers here; whoever makes one dearer
 * has to say why. How tasks at once fall into batches may differ a little from one version of Node.js to the next.
 */
const RECORDED: Readonly<Record<Step, Cost>> = {
  'enqueue, one awaiting': { statements: 3000, read: 1000, changed: 2000, commits: 1000 },
  'enqueue, 100 awaiting': { statements: 40, read: 10, changed: 1010, commits: 10 },
  'enqueue, 1,000 in one call': { statements: 22, read: 1, changed: 1001, commits: 1 },
  'drain, 10 at once': { statements: 160, read: 2040, changed: 3040, commits: 12 },
  'fail, to be retried, 10 at once': { statements: 2080, read: 1040, changed: 3040, commits: 12 },
  'promote what has come due': { statements: 1015, read: 1006, changed: 1004, commits: 2 },
  'prune what has expired': { statements: 26, read: 1011, changed: 2005, commits: 5 },
};
const STEPS = Object.keys(RECORDED) as Step[];
const COUNTS = ['statements', 'read', 'changed', 'commits'] as const;

/** Duties and watches that look around now and then would be counted. */
vi.mock('node:timers', async (original) => {
  const timer = { ref: () => timer, unref: () => timer };
  return {
    ...(await original<typeof import('node:timers')>()),
    setInterval: () => timer,
    clearInterval: () => undefined,
  };
});

/** Counts, and no times: what a task costs SQLite is the same on every machine. */
describe(`What ${TASKS.toLocaleString('en')} tasks cost the store`, () => {
  let few: Record<Step, Cost>;
  let many: Record<Step, Cost>;
  let time: StoppedTime;

  beforeAll(async () => {
    // How many tasks share a commit would depend on how fast the machine is.
    time = new StoppedTime();
    // One of each, as what asks for the next that is due reads a row where there is one.
    few = await lifeOfAStore(1);
    many = await lifeOfAStore(100_000);
  });

  afterAll(() => {
    time.goOn();
  });

  it.each(STEPS)('%s: no more than what is on record', (step) => {
    for (const count of COUNTS) {
      expect(few[step][count], `${count} of ${JSON.stringify(few[step])}`).toBeLessThanOrEqual(RECORDED[step][count]);
    }
  });

  it.each(STEPS)('%s: the same with 100,000 ended, 100,000 scheduled and 100,000 waiting', (step) => {
    expect(many[step]).toEqual(few[step]);
  });
});
