import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { ManualClock } from '../../lib/clock/index.js';
import type { TaskSummary } from '../../lib/contract/index.js';
import { checkStore } from '../../lib/engine/sqlite/backup/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { dispatcherOf, rootModule } from '../module/support.js';
import { Disagreement } from './disagreement.js';

export const QUEUE = 'default';
/** More than there are tasks. */
const WORKERS = 100;
const MAX_TASKS = 500;
/** No process is silent for so long. */
export const LEASE_MS = 3_600_000;
/** When the store is looked at again where nothing tells of a change. */
const LOOK_AFTER_MS = 20;

/** An app on a store of its own that is compared with a model: all that it does goes through its dispatcher. */
export class ModelApp {
  private app!: INestApplicationContext;
  tasks!: TaskDispatcher;
  private changed: () => void = () => undefined;

  private constructor(
    private readonly folder: string,
    private readonly handlers: Type,
    private readonly clock: ManualClock,
    private readonly patience: number,
  ) {}

  /** @param patience milliseconds in which what must happen has to */
  static async open(handlers: Type, clock: ManualClock, patience: number): Promise<ModelApp> {
    const app = new ModelApp(await mkdtemp(join(tmpdir(), 'tasks-model-')), handlers, clock, patience);
    await app.boot();
    return app;
  }

  get database(): string {
    return join(this.folder, 'tasks.db');
  }

  /** @param meanwhile happens while no process is there */
  async restart(meanwhile: () => void = () => undefined): Promise<void> {
    await this.app.close();
    meanwhile();
    await this.boot();
  }

  /** All tasks that there are, the earliest first. */
  async all(): Promise<readonly TaskSummary[]> {
    return (await this.tasks.list({ limit: MAX_TASKS, order: 'oldest' })).items;
  }

  /**
   * Settles once nothing differs; rejects with what does where it does not come to be so.
   * @param difference null where the store is as the model says
   */
  async rest(difference: () => Promise<string | null>): Promise<void> {
    const deadline = performance.now() + this.patience;
    for (;;) {
      const change = new Promise<void>((resolve) => (this.changed = resolve));
      const differs = await difference();
      if (differs === null) return;
      if (performance.now() > deadline) throw new Disagreement(differs);
      let timer!: NodeJS.Timeout;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, LOOK_AFTER_MS)));
      await Promise.race([change, late]);
      clearTimeout(timer);
    }
  }

  /** What is wrong with the store by its own check. */
  async check(): Promise<void> {
    await this.app.close();
    const found = await checkStore(this.database, { lease: LEASE_MS });
    if (found.length > 0) throw new Disagreement(JSON.stringify(found, null, 2));
  }

  async remove(): Promise<void> {
    await this.app.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async boot(): Promise<void> {
    const tasks = {
      database: this.database,
      clock: this.clock,
      lease: LEASE_MS,
      maxLostAttempts: 1_000,
      shutdownGrace: 0,
      workers: { [QUEUE]: WORKERS },
      retention: { completed: false, failed: false, cancelled: false } as const,
    };
    const module = rootModule({ providers: [this.handlers], tasks });
    this.app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
    this.tasks = dispatcherOf(this.app);
    this.tasks.watch(() => this.changed());
  }
}

/** Whether a call is answered as the model says: by an error, or by none. @throws Disagreement */
export async function answered(isTaken: boolean, answer: Promise<unknown>): Promise<void> {
  const found = await answer.then(
    () => null,
    (error: Error) => error,
  );
  if (isTaken !== (found === null)) throw new Disagreement(`Answered ${String(found)}`);
}

/** One of those that there are, by a number of any size. */
export function pick<T>(list: readonly T[], index: number): T | undefined {
  return list[index % Math.max(1, list.length)];
}

/** An object, to be read. */
export function shown(value: unknown): string {
  return JSON.stringify(value, null, 1);
}
