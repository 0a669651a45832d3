import { sleep } from '../clock.js';
import { IN_PLACE, LIBRARY } from '../contestants/index.js';
import type { Measure } from '../measure.js';
import type { ChildProcess } from '../process/child-process.js';
import { percentile } from '../report/series.js';

/** Those that may come to 5,000 tasks/s. */
const TAKING_PART = new Set([LIBRARY, IN_PLACE, 'plainjob', 'bullmq-redis', 'graphile-local']);
const CONCURRENCY = 100;
const PACE = 5_000;
const REQUESTS_PER_SECOND = 500;
/** Tasks that are run before the look, so that the handlers are warm. */
const RUN_IN = 2_500;
const PATIENCE_S = 30;
const SETTLE_MS = 500;

const FIGURES = [
  'http-idle-p99',
  'http-draining-p99',
  'http-rate',
  'loop-idle-p99',
  'loop-draining-p99',
  'loop-draining-max',
];

export const http: Measure = {
  name: 'http',
  title: 'An HTTP route in the process that drains 5,000 tasks/s',
  about:
    `A plain route of node:http, asked ${REQUESTS_PER_SECOND} times a second by another process, each request counted from ` +
    'when it should have been sent: first while nothing is to be done, then while 100 handlers at once are let through at ' +
    '5,000 a second in all. Beside it how late the event loop is.',
  figures: [
    { id: 'http-idle-p99', title: 'route p99, idle', unit: 'ms' },
    { id: 'http-draining-p99', title: 'route p99, draining', unit: 'ms' },
    { id: 'http-rate', title: 'drained', unit: 'tasks/s' },
    { id: 'loop-idle-p99', title: 'loop p99, idle', unit: 'ms' },
    { id: 'loop-draining-p99', title: 'loop p99, draining', unit: 'ms' },
    { id: 'loop-draining-max', title: 'loop longest', unit: 'ms' },
  ],
  takesPart: ({ name }) => TAKING_PART.has(name),
  async run(context) {
    const seconds = 4 * context.options.seconds;
    const loader = context.spawn(context.contestants[0]!);
    try {
      await context.inTurns(
        FIGURES,
        async ({ contestant, child, store }) => {
          await child.call('open', contestant.name, store);
          await child.call('enqueueMany', 0, Math.ceil(PACE * (seconds + 2) + RUN_IN));
          const port = await child.call('serve');
          await sleep(SETTLE_MS);
          const idle = await look(child, loader, port, seconds);
          await child.call('start', CONCURRENCY, { kind: 'paced' });
          await child.call('reached', RUN_IN, PATIENCE_S);
          const draining = await look(child, loader, port, seconds);
          await child.call('close');
          await child.call('expectNoneTwice');
          return {
            'http-idle-p99': idle.p99,
            'http-draining-p99': draining.p99,
            'http-rate': draining.rate,
            'loop-idle-p99': idle.loop.p99,
            'loop-draining-p99': draining.loop.p99,
            'loop-draining-max': draining.loop.max,
          };
        },
        { learns: false },
      );
    } finally {
      await loader.end();
    }
  },
};

async function look(
  child: ChildProcess,
  loader: ChildProcess,
  port: number,
  seconds: number,
): Promise<{ p99: number; rate: number; loop: { p99: number; max: number } }> {
  const before = await child.call('tally');
  await child.call('watchLoop');
  const latencies = await loader.call('load', { port, rate: REQUESTS_PER_SECOND, seconds });
  const loop = await child.call('loopDelay');
  const after = await child.call('tally');
  const rate = ((after.count - before.count) * 1_000) / (after.at - before.at);
  return { p99: percentile(latencies, 0.99), rate, loop };
}
