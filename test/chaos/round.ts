import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CronSchedules } from '../../lib/cron/index.js';
import { ENDED_STATES, TASK_STATES } from '../../lib/contract/index.js';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { TasksModule } from '../../lib/nest/index.js';
import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import { Random } from '../kill/support/random.js';
import { until } from '../support/until.js';
import { check, type Violation } from './checker.js';
import { FAULTS, type FaultName, MAX_CLOCK_OFFSET_MS } from './faults.js';
import { buildHistory, type History } from './history.js';
import { type HarnessEvent, LedgerWriter, readLedger, steadyNow } from './ledger.js';
import type { BrokenEngine } from './process/broken-engines.js';
import { KEPT_BRIEFLY_MS, KEPT_LONG_MS, MAX_DELAY_MS, QUEUES, RETRY_DELAY_MS, TICK } from './process/setup.js';
import { Fleet } from './processes.js';
import { FaultSchedule } from './schedule.js';
import type { ChaosStore } from './stores/chaos-store.js';
import { type EngineName, openStore } from './stores/index.js';

export interface RoundPlan {
  readonly engine: EngineName;
  readonly seed: number;
  /** For how long tasks are enqueued and faults happen. */
  readonly seconds: number;
  /** How many tasks are enqueued each second, about. */
  readonly tasksPerSecond: number;
  /** The compiled `process/main.ts`. */
  readonly program: string;
  readonly producers?: number;
  readonly workers?: number;
  /** Processes that bring it to its end. */
  readonly drainers?: number;
  /** Milliseconds. */
  readonly lease?: number;
  /** Only these. */
  readonly faults?: readonly FaultName[];
  readonly brokenEngine?: BrokenEngine;
  /** The round goes on until each fault was done so often, on a machine that is busy. */
  readonly leastFaults?: number;
  /** For how many seconds it goes on after them, without any. */
  readonly calmSeconds?: number;
  /** Milliseconds that the rest may take once all faults are over. */
  readonly drainPatience?: number;
}

export interface RoundResult {
  readonly violations: readonly Violation[];
  readonly history: History;
  /** Faults that could not be done here, and why. */
  readonly skipped: ReadonlyMap<FaultName, string>;
}

/** Long enough that a busy machine is not taken for a dead process, short enough to be lost often. */
const LEASE_MS: Readonly<Record<EngineName, number>> = { sqlite: 1_000, redis: 2_000, postgres: 2_000 };
/** Of the tasks of a second: what is enqueued by one call, and what waits before producers pause. */
const BATCH_SHARE = 0.1;
const OPEN_SHARE = 4;
const BOOT_PATIENCE_MS = 120_000;
const FAULTS_PATIENCE_MS = 120_000;
const DRAINERS = 2;
const DRAIN_PATIENCE_MS = 150_000;
const SETTLE_PATIENCE_MS = 45_000;
/** In which processes say in what state they are that did not come to their end. */
const STATE_PATIENCE_MS = 2_000;

/** Has real processes work on one store while everything goes wrong, lets them come to an end, and checks what became of it. */
export async function runRound(plan: RoundPlan): Promise<RoundResult> {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-tasks-chaos-'));
  try {
    const store = await openStore(plan.engine, folder, plan.lease ?? LEASE_MS[plan.engine]);
    const result = await playRound(plan, store, folder).catch(async (error: unknown) => {
      // What is left of it must not hide why it failed.
      await store.remove().catch((left: unknown) => console.error(left));
      throw error;
    });
    // Fails where a process, or this one, still has a file of it open.
    await store.remove();
    return result;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function playRound(plan: RoundPlan, store: ChaosStore, folder: string): Promise<RoundResult> {
  const { lease = LEASE_MS[plan.engine], seed, drainPatience = DRAIN_PATIENCE_MS } = plan;
  const ledgerFolder = join(folder, 'ledger');
  mkdirSync(ledgerFolder);
  const ledger = LedgerWriter.ofHarness(ledgerFolder);
  const wanted = FAULTS.filter(
    ({ name, engines }) => engines.includes(plan.engine) && (plan.faults?.includes(name) ?? true),
  );
  const skipped = new Map(
    wanted.flatMap(({ name, unavailable }) => {
      const why = unavailable?.(store);
      return why ? [[name, why] as const] : [];
    }),
  );
  const schedule = new FaultSchedule(
    wanted.filter(({ name }) => !skipped.has(name)),
    seed,
    ledger,
  );
  const { maxLostAttempts } = store;
  const options = { ...COMMON_OPTIONS, ...store.options, lease, maxLostAttempts } satisfies TasksModuleRootOptions;
  const fleet = new Fleet(
    {
      program: plan.program,
      folder,
      ledger: ledgerFolder,
      options,
      app: store.app,
      producers: plan.producers ?? 2,
      workers: plan.workers ?? 3,
      tasksPerSecond: plan.tasksPerSecond,
      largestBatch: Math.max(20, Math.round(plan.tasksPerSecond * BATCH_SHARE)),
      mostOpen: plan.tasksPerSecond * OPEN_SHARE,
      movesClocks: store.movesClocks,
      brokenEngine: plan.brokenEngine ?? null,
    },
    new Random(seed),
    ledger,
    (since) => schedule.storeWasTroubled(since),
  );

  fleet.start();
  await until(
    'processes that work',
    () => {
      const [mishap] = fleet.mishaps;
      if (mishap) throw new Error(`${mishap.process} ${mishap.message}`);
      return fleet.isStrong();
    },
    { patience: BOOT_PATIENCE_MS },
  );
  schedule.start({ fleet, store, folder, ledger: ledgerFolder, lease });
  await sleep(plan.seconds * 1_000);
  await schedule.doneAtLeast(plan.leastFaults ?? 0, FAULTS_PATIENCE_MS);
  await schedule.stop();
  await sleep((plan.calmSeconds ?? 0) * 1_000);
  await fleet.stopProducing(Math.min(SETTLE_PATIENCE_MS, drainPatience));
  await fleet.end();

  const app = await openApp(options);
  const pausedAt = Date.now();
  try {
    const { found, stored, readAt } = await drain(app, fleet, store, ledger, {
      patience: drainPatience,
      drainers: plan.drainers ?? DRAINERS,
    });
    ledger.close();
    const history = buildHistory(readLedger(ledgerFolder), stored, 2 * lease * 1_000, {
      isRemote: store.isRemote,
      deletesInTime: store.deletesInTime,
      lease,
      maxLostAttempts,
      pausedAt,
      readAt,
    });
    const mishaps = fleet.mishaps.map(({ process, message }) => ({
      rule: 'process' as const,
      task: null,
      message: `${process} ${message}`,
    }));
    const problems = [...schedule.problems, ...found, ...(await store.problems())].map((message) => ({
      rule: 'store' as const,
      task: null,
      message,
    }));
    return { violations: [...check(history), ...mishaps, ...problems], history, skipped };
  } finally {
    await app.close();
  }
}

const keptFor = (time: number | false) => ({ completed: time, failed: time, cancelled: time });

const COMMON_OPTIONS = {
  configFile: false,
  admin: false,
  queues: {
    fast: { retention: keptFor(KEPT_LONG_MS) },
    slow: { retention: keptFor(false) },
    brief: { retention: keptFor(KEPT_BRIEFLY_MS) },
  },
  workers: { fast: 10, slow: 40, brief: 5 },
  retryDelay: RETRY_DELAY_MS,
  shutdownGrace: '500ms',
} as const satisfies TasksModuleRootOptions;

/** An app of the harness, that only looks. */
async function openApp(options: TasksModuleRootOptions): Promise<INestApplicationContext> {
  class AppModule {}
  Module({ imports: [TasksModule.forRoot({ ...options, workers: false })] })(AppModule);
  return NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
}

/** Without faults, everything comes to its end: processes work until nothing is left. */
async function drain(
  app: INestApplicationContext,
  fleet: Fleet,
  store: ChaosStore,
  ledger: LedgerWriter<HarnessEvent>,
  { patience, drainers }: { readonly patience: number; readonly drainers: number },
): Promise<{ found: string[]; stored: Awaited<ReturnType<ChaosStore['readAll']>>; readAt: number }> {
  const tasks = app.get(TaskDispatcher);
  const crons = app.get(CronSchedules);
  const found: string[] = [];
  if ((await crons.list()).some(({ name }) => name === TICK)) await crons.pause(TICK);
  // Whoever paused one may have been killed before it resumed it.
  for (const queue of QUEUES) await resume(tasks, queue, ledger);
  // What a clock that was ahead has put off is due by clocks that are ahead, too.
  fleet.startDraining(drainers, store.movesClocks ? MAX_DELAY_MS + MAX_CLOCK_OFFSET_MS + 60_000 : null);
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
  return { found, stored: await store.readAll(tasks), readAt };
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
