import { Calibration } from '../calibration.js';
import { IN_PLACE, LIBRARY } from '../contestants/index.js';
import type { Measure } from '../measure.js';

const CONCURRENCY = 10;
const SIZE = 1_000;
/** Tasks that are run before the look: what a new thread runs is not compiled yet. */
const RUN_IN = 5_000;
const FIRST = 500;
const MAX_TASKS = 200_000;
const PATIENCE_S = 60;
const MEMORY_S = 0.1;

export const thread: Measure = {
  name: 'thread',
  title: 'The engine in a thread of its own, and in place',
  about:
    `Draining with a handler that does nothing, ${CONCURRENCY} at once, from task ${RUN_IN.toLocaleString('en')} on: the ` +
    "processor time that all threads take for a task, for how much of the time the event loop of the app's thread is busy, " +
    'and the memory of the process when all is done. Before that what enqueueing 1,000 tasks a call comes to.',
  figures: [
    { id: 'thread-drain', title: 'drained', unit: 'tasks/s' },
    { id: 'thread-cpu', title: 'processor time of a task', unit: 'µs' },
    { id: 'thread-busy', title: 'loop busy', unit: '%' },
    { id: 'thread-bulk', title: 'enqueued', unit: 'tasks/s' },
    { id: 'thread-bulk-cpu', title: 'processor time of a task', unit: 'µs' },
    { id: 'thread-bulk-busy', title: 'loop busy', unit: '%' },
    { id: 'thread-memory', title: 'memory', unit: 'MB' },
  ],
  takesPart: ({ name }) => name === LIBRARY || name === IN_PLACE,
  async run(context) {
    const calibration = new Calibration(context.options.seconds, FIRST, MAX_TASKS);
    const figures = this.figures.map(({ id }) => id);
    await context.inTurns(figures, async ({ contestant, child, store }) => {
      const count = calibration.count(contestant);
      const all = RUN_IN + count;
      await child.call('open', contestant.name, store);
      await child.call('watchSpending');
      const took = await child.call('enqueueMany', 0, all, SIZE);
      const enqueueing = await child.call('spent');
      await child.call('prepare', CONCURRENCY, { kind: 'no-op' });
      const [since] = await Promise.all([child.call('reached', RUN_IN, PATIENCE_S), child.call('start', CONCURRENCY)]);
      await child.call('watchSpending');
      const before = (await child.call('tally')).count;
      const { endedAt } = await child.call('drained', all, PATIENCE_S);
      const draining = await child.call('spent');
      const memory = await child.call('memory', MEMORY_S);
      await child.call('close');
      return {
        'thread-drain': calibration.learn(contestant, (count * 1_000) / (endedAt - since)),
        'thread-cpu': draining.cpu / (all - before),
        'thread-busy': 100 * draining.busy,
        'thread-bulk': (all * 1_000) / took,
        'thread-bulk-cpu': enqueueing.cpu / all,
        'thread-bulk-busy': 100 * enqueueing.busy,
        'thread-memory': memory,
      };
    });
  },
};
