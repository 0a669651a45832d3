import type { ContestantInfo } from '../contestant.js';
import { LIBRARY } from '../contestants/index.js';
import type { Context } from '../context.js';
import { now, sleep } from '../clock.js';
import type { Measure } from '../measure.js';
import type { ChildProcess } from '../process/child-process.js';
import { fillStore } from '../store/fill.js';
import type { WorkloadKind } from '../workload.js';

const CONCURRENCY = 10;
const PATIENCE_S = 60;
/** For caches to fill and garbage to be collected, before memory is looked at. */
const SETTLE_MS = 1_000;
/** What these come to differs little from round to round. */
const PEER_ROUNDS = 2;
const FILL_PATIENCE_MS = 600_000;

export const million: Measure = {
  name: 'million',
  title: 'With 1,000,000 waiting',
  about:
    'Memory of the process that runs 10 tasks at once, over that of the same with nothing but those 10 stored: while the 10 ' +
    'hang, and the most while it drains (a handler that waits 1 ms). Then the time from the start of a process to the start of its first task, with one ' +
    'task stored and with all. What a server takes is not counted.',
  figures: [
    { id: 'memory-waiting', title: 'memory over idle', unit: 'MB' },
    { id: 'memory-draining', title: 'while draining', unit: 'MB' },
    { id: 'boot-one', title: 'first task, 1 stored', unit: 'ms' },
    { id: 'boot-million', title: 'first task, 1,000,000 stored', unit: 'ms' },
  ],
  takesPart: ({ slow, name }) => !slow && name !== 'raw',
  async run(context) {
    for (const contestant of context.contestants) {
      // Filling a server takes it minutes.
      if (contestant.store !== 'file' && !context.options.full) continue;
      try {
        await measure(context, contestant);
      } catch (error) {
        for (const { id } of this.figures) context.fail(id, contestant, error);
      }
    }
  },
};

async function measure(context: Context, contestant: ContestantInfo): Promise<void> {
  const count = Math.ceil(1_000_000 / context.options.divisor);
  const rounds = contestant.name === LIBRARY ? context.options.rounds : Math.min(PEER_ROUNDS, context.options.rounds);
  const idle: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const one = await filled(context, contestant, 1);
    context.note('boot-one', contestant, await boot(context, contestant, one));
    await context.stores.remove(one);
    const few = await filled(context, contestant, CONCURRENCY);
    idle.push(await memory(context, contestant, few, 'stuck'));
    await context.stores.remove(few);
  }
  const many = await filled(context, contestant, count);
  for (let round = 0; round < rounds; round += 1) {
    context.note('boot-million', contestant, await boot(context, contestant, many));
    context.note('memory-waiting', contestant, (await memory(context, contestant, many, 'stuck')) - idle[round]!);
    context.note('memory-draining', contestant, (await memory(context, contestant, many, 'io')) - idle[round]!);
  }
  await context.stores.remove(many);
}

/** The address of a store with so many waiting tasks. */
async function filled(context: Context, contestant: ContestantInfo, waiting: number): Promise<string> {
  const store = await context.stores.empty(contestant);
  if (contestant.name === LIBRARY) {
    await fillStore(store, { finished: 0, scheduled: 0, waiting }, 0);
    return store;
  }
  const child = context.spawn(contestant);
  try {
    await child.call('open', contestant.name, store);
    await child.callWithin(FILL_PATIENCE_MS, 'enqueueMany', 0, waiting);
    await child.call('close');
  } finally {
    await child.end();
  }
  return store;
}

/** From the start of a process to the start of its first task. */
async function boot(context: Context, contestant: ContestantInfo, store: string): Promise<number> {
  const began = now();
  const child = context.spawn(contestant);
  try {
    await child.call('open', contestant.name, store, false);
    await child.call('start', CONCURRENCY, { kind: 'io' });
    const first = await child.call('reached', 1, PATIENCE_S);
    await close(child);
    return first - began;
  } finally {
    await child.end();
  }
}

async function memory(
  context: Context,
  contestant: ContestantInfo,
  store: string,
  kind: WorkloadKind,
): Promise<number> {
  const child = context.spawn(contestant);
  try {
    await child.call('open', contestant.name, store);
    await child.call('start', CONCURRENCY, { kind });
    if (kind === 'stuck') {
      await child.call('reached', CONCURRENCY, PATIENCE_S);
      await sleep(SETTLE_MS);
      await child.call('collectGarbage');
    }
    const most = await child.call('memory', 2 * context.options.seconds);
    await child.call('expectNoneTwice');
    await close(child);
    return most;
  } finally {
    await child.end();
  }
}

/** Ends in order, as far as the contestant does so while its tasks hang. */
async function close(child: ChildProcess): Promise<void> {
  await Promise.race([child.call('close').catch(() => undefined), sleep(3_000)]);
}
