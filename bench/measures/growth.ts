import { LIBRARY } from '../contestants/index.js';
import type { Context } from '../context.js';
import type { Measure } from '../measure.js';
import type { ChildProcess } from '../process/child-process.js';
import { type Contents, FAR_FUTURE, fillStore, keptStore, storedCount, topUp } from '../store/fill.js';

const CONCURRENCY = 10;
/** Tasks that run before it is counted, and those that are counted. */
const RUN_IN = 10_000;
const COUNTED = 50_000;
/** Beyond those, so that the store does not come to its end. */
const SPARE = 40_000;
const PATIENCE_S = 60;

interface Size {
  readonly id: string;
  readonly title: string;
  readonly contents: Contents;
  /** So large that the file is kept for the next time: what ran in it is then a small part of what has finished. */
  readonly kept?: boolean;
  readonly full?: boolean;
}

const SIZES: readonly Size[] = [
  { id: 'growth-0', title: 'nothing else', contents: { finished: 0, scheduled: 0, waiting: 0 } },
  { id: 'growth-10k', title: '10,000 of each', contents: { finished: 10_000, scheduled: 10_000, waiting: 10_000 } },
  {
    id: 'growth-1m',
    title: '1,000,000 of each',
    contents: { finished: 1_000_000, scheduled: 1_000_000, waiting: 1_000_000 },
    kept: true,
  },
  {
    id: 'growth-10m',
    title: '10,000,000 finished, 1,000,000 of the others',
    contents: { finished: 10_000_000, scheduled: 1_000_000, waiting: 1_000_000 },
    kept: true,
    full: true,
  },
];

export const growth: Measure = {
  name: 'growth',
  title: 'Draining while the store is full',
  about:
    `A handler that does nothing, 10 at once, in a store that holds finished, scheduled and waiting tasks beside the ` +
    `${COUNTED.toLocaleString('en')} that are counted: from one start of the handler to another, in between. The largest takes --full.`,
  figures: SIZES.map(({ id, title }) => ({ id, title, unit: 'tasks/s' })),
  takesPart: ({ name }) => name === LIBRARY,
  async run(context) {
    const [library] = context.contestants;
    const sizes = SIZES.filter(({ full }) => !full || context.options.full);
    const child = context.spawn(library!);
    try {
      for (let round = 0; round <= context.options.rounds; round += 1) {
        for (const { id, contents, kept } of round % 2 === 0 ? sizes : sizes.toReversed()) {
          const filled = scaled(contents, context);
          const file = kept ? await keptStore(filled) : await newStore(filled, context);
          const rate = await drainSome(child, file, filled.waiting, context);
          if (!kept) await context.stores.remove(file);
          if (round > 0) context.note(id, library!, rate);
        }
      }
    } catch (error) {
      for (const { id } of sizes) context.fail(id, library!, error);
    } finally {
      await child.end();
    }
  },
};

async function newStore(contents: Contents, { stores, contestants: [library] }: Context): Promise<string> {
  const file = await stores.empty(library!);
  await fillStore(file, contents, FAR_FUTURE);
  return file;
}

async function drainSome(child: ChildProcess, file: string, waiting: number, context: Context): Promise<number> {
  const [runIn, counted, spare] = [RUN_IN, COUNTED, SPARE].map((count) =>
    Math.ceil(count / context.options.divisor),
  ) as [number, number, number];
  const from = topUp(file, waiting + runIn + counted + spare);
  const before = storedCount(file, 'available');
  await child.call('open', LIBRARY, file, false);
  await child.call('start', CONCURRENCY, { kind: 'no-op' });
  const began = await child.call('reached', runIn, PATIENCE_S);
  const ended = await child.call('reached', runIn + counted, PATIENCE_S);
  await child.call('close');
  const { count } = await child.call('tally');
  await child.call('expectRanOnce', from, count);
  const after = storedCount(file, 'available');
  if (before - after !== count) throw new Error(`${count} tasks ran, and ${before - after} fewer are waiting`);
  return (counted * 1_000) / (ended - began);
}

function scaled({ finished, scheduled, waiting }: Contents, { options: { divisor } }: Context): Contents {
  return {
    finished: Math.ceil(finished / divisor),
    scheduled: Math.ceil(scheduled / divisor),
    waiting: Math.ceil(waiting / divisor),
  };
}
