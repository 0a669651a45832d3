import { Calibration } from '../calibration.js';
import type { Measure } from '../measure.js';

const CALLERS = [1, 10, 100, 1_000];

export const enqueue: Measure = {
  name: 'enqueue',
  title: 'Enqueueing, one task a call',
  about:
    'So many callers at the same time, each awaiting that its task is stored before it enqueues the next. Raw better-sqlite3 ' +
    'commits as many rows together as there are callers.',
  figures: CALLERS.map((callers) => ({
    id: `enqueue-${callers}`,
    title: callers === 1 ? '1 caller' : `${callers.toLocaleString('en')} callers`,
    unit: 'tasks/s',
  })),
  takesPart: () => true,
  async run(context) {
    const calibration = new Calibration(context.options.seconds, 200);
    for (const callers of CALLERS) {
      const figure = `enqueue-${callers}`;
      await context.inTurns([figure], async ({ contestant, child, store }) => {
        const count = calibration.count(contestant, callers);
        await child.call('open', contestant.name, store);
        const took = await child.call('enqueue', 0, count, callers);
        await child.call('expectLeft', count);
        await child.call('close');
        return { [figure]: calibration.learn(contestant, (count * 1_000) / took) };
      });
    }
  },
};
