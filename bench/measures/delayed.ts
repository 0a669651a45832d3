import { RAW } from '../contestants/index.js';
import type { Measure } from '../measure.js';
import { percentile } from '../report/series.js';

const CONCURRENCY = 10;
const PATIENCE_S = 60;
/** Between the last task stored and the due time, at least. */
const AHEAD_MS = 500;

export const delayed: Measure = {
  name: 'delayed',
  title: 'Punctuality of 10,000 tasks due at once',
  about:
    'From the due time to the start of the handler, which does nothing, 10 at once: of the first task to start, the median ' +
    'and the last. The last says how long all of them took.',
  figures: [
    { id: 'delayed-first', title: 'first', unit: 'ms' },
    { id: 'delayed-p50', title: 'p50', unit: 'ms' },
    { id: 'delayed-last', title: 'last', unit: 'ms' },
  ],
  last: true,
  takesPart: ({ name, slow }) => name !== RAW && !slow,
  async run(context) {
    const count = Math.ceil(10_000 / context.options.divisor);
    /** Milliseconds that storing all takes, by contestant. */
    const taken = new Map<string, number>();
    await context.inTurns(
      ['delayed-first', 'delayed-p50', 'delayed-last'],
      async ({ contestant, child, store }) => {
        await child.call('open', contestant.name, store);
        await child.call('start', CONCURRENCY, { kind: 'no-op', times: true });
        const began = Date.now();
        const at = began + 2 * (taken.get(contestant.name) ?? count * 2) + AHEAD_MS;
        await child.call('enqueueManyAt', 0, count, at);
        taken.set(contestant.name, Date.now() - began);
        if (Date.now() > at) throw new Error('storing the tasks took longer than until they were due');
        await child.call('drained', count, PATIENCE_S);
        const late = await child.call('lateness', at);
        await child.call('close');
        return {
          'delayed-first': Math.min(...late),
          'delayed-p50': percentile(late, 0.5),
          'delayed-last': Math.max(...late),
        };
      },
      { learns: false },
    );
  },
};
