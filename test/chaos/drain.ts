import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { ENDED_STATES, TASK_STATES } from '../../lib/contract/index.js';
import { CronSchedules } from '../../lib/cron/index.js';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { until } from '../support/until.js';
import { MAX_CLOCK_OFFSET_MS } from './faults.js';
import { type HarnessEvent, type LedgerWriter, steadyNow } from './ledger.js';
import { MAX_DELAY_MS, QUEUES, TICK } from './process/setup.js';
import type { Fleet } from './processes.js';
import type { ChaosStore } from './stores/chaos-store.js';

const BOOT_PATIENCE_MS = 120_000;
/** Its own runs out, and BullMQ looks at it twice. */
const LEASES_UNTIL_FOUND = 4;
/** In which processes say in what state they are that did not come to their end. */
const STATE_PATIENCE_MS = 2_000;

interface Drained {
  readonly found: readonly string[];
  readonly stored: Awaited<ReturnType<ChaosStore['readAll']>>;
  readonly pausedAt: number;
  readonly readAt: number;
}

/** Without faults, everything comes to its end: processes work until nothing is left. */
export async function drain(
  app: INestApplicationContext,
  fleet: Fleet,
  store: ChaosStore,
  ledger: LedgerWriter<HarnessEvent>,
  { patience, drainers, lease }: { readonly patience: number; readonly drainers: number; readonly lease: number },
): Promise<Drained> {
  const tasks = app.get(TaskDispatcher);
  const found: string[] = [];
  // By clocks that are ahead there would be ticks of a time to come.
  let pausedAt = store.isRemote ? 0 : await pauseTicks(app);
  // Whoever paused one may have been killed before it resumed it.
  for (const queue of QUEUES) await resume(tasks, queue, ledger);
  // What a clock that was ahead has put off is due by clocks that are ahead, too.
  fleet.startDraining(drainers, store.movesClocks ? MAX_DELAY_MS + MAX_CLOCK_OFFSET_MS + 60_000 : null);
  if (store.isRemote) {
    // A tick that a process had in hand which was killed comes once it is found stalled; a pause would take it away.
    await until('processes that drain', () => fleet.ready().length >= drainers, { patience: BOOT_PATIENCE_MS });
    await sleep(LEASES_UNTIL_FOUND * lease);
    pausedAt = await pauseTicks(app);
  }
  const deadline = performance.now() + patience;
  let calm = 0;
  // Twice in a row: between a look at the outbox and one at the store a task may be on its way.
  while (calm < 2 && performance.now() < deadline) {
    const open = store.waitingInOutbox() + (await openTasks(tasks));
    calm = open === 0 ? calm + 1 : 0;
    await sleep(100);
  }
  if (calm < 2) found.push(`After ${patience / 1_000} s without faults there were still tasks that had not ended`);
  // What could not end what it had would not end in order either.
  if (calm === 2) await fleet.shutDown();
  else {
    for (const process of fleet.living()) process.order({ order: 'say-state' });
    await sleep(STATE_PATIENCE_MS);
    await fleet.killAll();
  }
  const readAt = steadyNow();
  return { found, stored: await store.readAll(tasks), pausedAt, readAt };
}

/** Resolves to when, by the machine's clock. */
async function pauseTicks(app: INestApplicationContext): Promise<number> {
  const crons = app.get(CronSchedules);
  const pausedAt = Date.now();
  if ((await crons.list()).some(({ name }) => name === TICK)) await crons.pause(TICK);
  return pausedAt;
}

async function resume(tasks: TaskDispatcher, queue: string, ledger: LedgerWriter<HarnessEvent>): Promise<void> {
  ledger.write({ event: 'resuming', at: steadyNow(), queue, process: null });
  await tasks.resumeQueue(queue);
  ledger.write({ event: 'resumed', at: steadyNow(), queue, process: null });
}

async function openTasks(tasks: TaskDispatcher): Promise<number> {
  const ended: readonly string[] = ENDED_STATES;
  const states = TASK_STATES.filter((state) => !ended.includes(state));
  const stats = await tasks.stats();
  return stats.flatMap(({ counts }) => states.map((state) => counts[state])).reduce((sum, count) => sum + count, 0);
}
