import { RAW } from '../contestants/index.js';
import type { Measure } from '../measure.js';
import type { ChildProcess } from '../process/child-process.js';
import { percentile } from '../report/series.js';

const TASKS = 100;
const CONCURRENCY = 10;
/** Between two tasks, so that nothing else is to be done when one comes. */
const PAUSE_MS = 15;
/** For one that looks for work so rarely that all tasks would take longer. */
const MAX_S = 5;

const FIGURES = ['pickup-same-p50', 'pickup-same-p95', 'pickup-other-p50', 'pickup-other-p95'];

export const pickUp: Measure = {
  name: 'pickup',
  title: 'Pickup when idle',
  about:
    'From the moment at which the call that enqueues a task has resolved, with nothing else to do, to the start of its ' +
    'handler; 0 where the handler began before. From the same process, and from another on the same machine.',
  figures: [
    { id: 'pickup-same-p50', title: 'same process, p50', unit: 'ms' },
    { id: 'pickup-same-p95', title: 'p95', unit: 'ms' },
    { id: 'pickup-other-p50', title: 'another process, p50', unit: 'ms' },
    { id: 'pickup-other-p95', title: 'p95', unit: 'ms' },
  ],
  takesPart: ({ name }) => name !== RAW,
  async run(context) {
    const others = new Map<string, ChildProcess>();
    try {
      await context.inTurns(
        FIGURES,
        async ({ contestant, child, store }) => {
          let other = others.get(contestant.name);
          if (!other || other.isGone) others.set(contestant.name, (other = context.spawn(contestant)));
          await child.call('open', contestant.name, store);
          await child.call('start', CONCURRENCY, { kind: 'no-op', times: true });
          const { fromCommit } = await child.call('pickUp', TASKS, PAUSE_MS, MAX_S);
          await child.call('drained', fromCommit.length, MAX_S);
          await other.call('open', contestant.name, store);
          const committed = await other.call('enqueueSpaced', fromCommit.length, TASKS, PAUSE_MS);
          await child.call('drained', fromCommit.length + TASKS, MAX_S);
          const times = await child.call('times');
          const fromOther = committed.map((at, index) => Math.max(0, times.get(fromCommit.length + index)! - at));
          await other.call('close');
          await child.call('close');
          return {
            'pickup-same-p50': percentile(fromCommit, 0.5),
            'pickup-same-p95': percentile(fromCommit, 0.95),
            'pickup-other-p50': percentile(fromOther, 0.5),
            'pickup-other-p95': percentile(fromOther, 0.95),
          };
        },
        { learns: false },
      );
    } finally {
      for (const other of others.values()) await other.end();
    }
  },
};
