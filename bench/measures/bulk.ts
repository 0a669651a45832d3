import { Calibration } from '../calibration.js';
import type { Measure } from '../measure.js';

const SIZE = 1_000;

export const bulk: Measure = {
  name: 'bulk',
  title: 'Enqueueing, 1,000 tasks a call',
  about: 'One call after the other, each awaited. liteque and sidequest have no such call and enqueue one by one.',
  figures: [{ id: 'bulk', title: '1,000 a call', unit: 'tasks/s' }],
  takesPart: () => true,
  async run(context) {
    const calibration = new Calibration(context.options.seconds, SIZE);
    await context.inTurns(['bulk'], async ({ contestant, child, store }) => {
      const count = calibration.count(contestant, contestant.slow ? 1 : SIZE);
      await child.call('open', contestant.name, store);
      const took = await child.call('enqueueMany', 0, count, SIZE);
      await child.call('expectLeft', count);
      await child.call('close');
      return { bulk: calibration.learn(contestant, (count * 1_000) / took) };
    });
  },
};
