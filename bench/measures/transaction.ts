import { Calibration } from '../calibration.js';
import type { Measure } from '../measure.js';

const ABLE = new Set(['library', 'raw', 'plainjob', 'pg-boss', 'graphile']);

export const transaction: Measure = {
  name: 'transaction',
  title: "Enqueueing in the app's transaction",
  about:
    'Each transaction writes a row of a table of the app and enqueues one task, one transaction after the other. The others ' +
    "cannot take part in the app's transaction.",
  figures: [{ id: 'transaction', title: 'a task a transaction', unit: 'tasks/s' }],
  last: true,
  takesPart: ({ name }) => ABLE.has(name),
  async run(context) {
    const calibration = new Calibration(context.options.seconds, 100);
    await context.inTurns(['transaction'], async ({ contestant, child, store }) => {
      const count = calibration.count(contestant);
      await child.call('open', contestant.name, store);
      const took = await child.call('enqueueWithin', 0, count);
      await child.call('expectLeft', count);
      await child.call('close');
      return { transaction: calibration.learn(contestant, (count * 1_000) / took) };
    });
  },
};
