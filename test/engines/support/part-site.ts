import { onTestFinished } from 'vitest';
import { SystemClock } from '../../../lib/clock/index.js';
import type { Task, TaskState } from '../../../lib/contract/index.js';
import { AttemptError, type AttemptRecord } from '../../../lib/engine/bullmq/attempt-record.js';
import type { BullmqEngineOptions } from '../../../lib/engine/bullmq/bullmq-options.js';
import { BullmqStore, type OpenBullmqStore } from '../../../lib/engine/bullmq/bullmq-store.js';
import { jobIdOf } from '../../../lib/engine/bullmq/job-ids.js';
import { readListed } from '../../../lib/engine/bullmq/read-listed.js';
import type { TaskJob } from '../../../lib/engine/bullmq/task-job.js';
import type { EngineContext, NewTask } from '../../../lib/engine/port/index.js';
import { contextWith, newTask } from '../../conformance/harness.js';
import { SharedRedis } from '../../support/servers/shared-redis.js';

const LEASE_MS = 30_000;
const TOKEN = 'a-worker';

type Worker = ReturnType<OpenBullmqStore['set']['worker']>;

/** The parts of an engine on BullMQ, on a store of the test's own in the run's Redis. Nobody works on it but the test. */
export class PartSite {
  readonly clock = new SystemClock();
  private readonly workers = new Map<string, Worker>();

  private constructor(
    readonly store: BullmqStore,
    readonly context: EngineContext,
    readonly options: BullmqEngineOptions,
  ) {}

  static async open(
    overrides: Partial<EngineContext> = {},
    options: Partial<BullmqEngineOptions> = {},
  ): Promise<PartSite> {
    const redis = await SharedRedis.join();
    const place = options.postgres === undefined ? { connection: redis.connection, prefix: redis.createPrefix() } : {};
    const given = { ...place, lease: LEASE_MS, maxLostAttempts: 5, queues: ['default'], ...options };
    const context = contextWith(new SystemClock(), overrides);
    const store = new BullmqStore(given, context);
    await store.open();
    const site = new PartSite(store, context, given);
    onTestFinished(() => site.close());
    return site;
  }

  /** The store as another process opens it. */
  async another(overrides: Partial<EngineContext> = {}): Promise<PartSite> {
    return PartSite.open(overrides, this.options);
  }

  get parts(): OpenBullmqStore {
    return this.store.opened;
  }

  /** Adds a task, and gives its job. */
  async add(overrides: Partial<NewTask> = {}): Promise<TaskJob> {
    const task = newTask(this.clock, overrides);
    await this.parts.adder.add([task]);
    return this.job(task.id, task.queue);
  }

  /** The job of a task, as it is now. */
  async job(id: string, queue = 'default'): Promise<TaskJob> {
    return (await this.parts.set.queue(queue).getJob(jobIdOf(id)))!;
  }

  async stateOf(id: string): Promise<TaskState | null> {
    return (await this.parts.lists.find(id))?.state ?? null;
  }

  /** A task as it is read; null where there is none. */
  async read(id: string): Promise<Task | null> {
    const listed = await this.parts.lists.find(id);
    return listed && readListed(this.parts, listed);
  }

  /** Takes the next job of a queue, as a worker does. */
  async take(queue = 'default'): Promise<TaskJob> {
    let worker = this.workers.get(queue);
    if (!worker) {
      worker = this.parts.set.worker(queue, () => Promise.resolve(), { autorun: false, lockDuration: LEASE_MS });
      this.workers.set(queue, worker);
      await worker.waitUntilReady();
    }
    const job = (await worker.getNextJob(TOKEN, { block: false })) as TaskJob | undefined;
    if (!job) throw new Error(`Nothing waits in queue "${queue}".`);
    return job;
  }

  /** Has the next job of a queue complete. */
  async complete(value: unknown = undefined, queue = 'default'): Promise<TaskJob> {
    const job = await this.take(queue);
    await job.moveToCompleted(value, TOKEN, false);
    return job;
  }

  /** Has the next job of a queue fail for good. */
  async fail(message = 'broken', queue = 'default'): Promise<TaskJob> {
    const job = await this.take(queue);
    job.opts.attempts = 0;
    await job.moveToFailed(new AttemptError(failure(job, { error: { name: 'Error', message } }), null), TOKEN, false);
    return job;
  }

  /** Has the next job of a queue fail, and come again after so many milliseconds. */
  async failOnce(delay = 60_000, queue = 'default', record: Partial<AttemptRecord> = {}): Promise<TaskJob> {
    const job = await this.take(queue);
    job.opts.attempts = Number.MAX_SAFE_INTEGER;
    job.opts.backoff = { type: 'fixed', delay };
    const runAt = this.clock.now() + delay;
    await job.moveToFailed(
      new AttemptError(failure(job, { outcome: 'retried', runAt, ...record }), delay),
      TOKEN,
      false,
    );
    return job;
  }

  private async close(): Promise<void> {
    if (!this.store.isOpen) return;
    await Promise.all([...this.workers.values()].map((worker) => this.parts.set.end(worker)));
    await this.store.close();
  }
}

function failure(job: TaskJob, more: Partial<AttemptRecord>): AttemptRecord {
  const startedAt = job.processedOn!;
  const error = { name: 'Error', message: 'not yet' };
  return {
    attempt: job.attemptsStarted,
    worker: 'w',
    startedAt,
    finishedAt: startedAt + 1,
    outcome: 'failed',
    error,
    ...more,
  };
}
