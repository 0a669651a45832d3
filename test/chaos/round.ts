import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TasksModule } from '../../lib/nest/index.js';
import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import { Random } from '../kill/support/random.js';
import { until } from '../support/until.js';
import { check, type Violation } from './checker.js';
import { drain } from './drain.js';
import { FAULTS, type FaultName } from './faults.js';
import { buildHistory, type History } from './history.js';
import { LedgerWriter, readLedger } from './ledger.js';
import type { BrokenEngine } from './process/broken-engines.js';
import { KEPT_BRIEFLY_MS, KEPT_LONG_MS, RETRY_DELAY_MS } from './process/setup.js';
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
  try {
    const { found, stored, pausedAt, readAt } = await drain(app, fleet, store, ledger, {
      patience: drainPatience,
      drainers: plan.drainers ?? DRAINERS,
      lease,
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
