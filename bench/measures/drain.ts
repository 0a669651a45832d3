import { Calibration } from '../calibration.js';
import type { ContestantInfo } from '../contestant.js';
import { RAW } from '../contestants/index.js';
import type { Measure } from '../measure.js';
import type { WorkloadKind } from '../workload.js';

const CONCURRENCIES = [1, 10, 100];
/** A drain that takes longer has stopped. */
const PATIENCE_S = 60;
const MAX_TASKS = 200_000;

/** One measure a kind of handler: each is a table of its own. */
export const drains: readonly Measure[] = [
  drainOf('no-op', 'a handler that does nothing', () => true),
  drainOf('io', 'a handler that waits 1 ms', ({ name }) => name !== RAW),
  drainOf('cpu', 'a handler that computes for 5 ms', ({ name }) => name !== RAW),
];

function drainOf(kind: WorkloadKind, handler: string, takesPart: (contestant: ContestantInfo) => boolean): Measure {
  return {
    name: `drain-${kind}`,
    title: `Draining: ${handler}`,
    about:
      'Stored tasks, so many run at once in one process: from the first start of the handler until none is left in the ' +
      'store. Every task must have run exactly once.',
    figures: CONCURRENCIES.map((concurrency) => ({
      id: `drain-${kind}-${concurrency}`,
      title: `${concurrency} at once`,
      unit: 'tasks/s',
    })),
    last: kind !== 'no-op',
    takesPart,
    async run(context) {
      const calibration = new Calibration(context.options.seconds, kind === 'no-op' ? 500 : 50, MAX_TASKS);
      for (const concurrency of CONCURRENCIES) {
        const figure = `drain-${kind}-${concurrency}`;
        await context.inTurns([figure], async ({ contestant, child, store }) => {
          const count = calibration.count(contestant);
          await child.call('open', contestant.name, store);
          await child.call('enqueueMany', 0, count);
          await child.call('start', concurrency, { kind });
          const { firstAt, endedAt } = await child.call('drained', count, PATIENCE_S);
          await child.call('close');
          return { [figure]: calibration.learn(contestant, (count * 1_000) / (endedAt - firstAt)) };
        });
      }
    },
  };
}
