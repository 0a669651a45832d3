import { afterAll, beforeAll, beforeEach, onTestFinished } from 'vitest';
import { SystemClock } from '../../../lib/clock/index.js';
import type { Task, TaskState } from '../../../lib/contract/index.js';
import { AttemptError, type AttemptRecord } from '../../../lib/engine/bullmq/attempt-record.js';
import type { BullmqEngineOptions } from '../../../lib/engine/bullmq/bullmq-options.js';
import { BullmqStore, type OpenBullmqStore } from '../../../lib/engine/bullmq/bullmq-store.js';
import { flowJobs } from '../../../lib/engine/bullmq/flows/flow-jobs.js';
import { followersOf } from '../../../lib/engine/bullmq/flows/tree.js';
import { jobIdOf } from '../../../lib/engine/bullmq/job-ids.js';
import { readListed } from '../../../lib/engine/bullmq/read-listed.js';
import type { TaskJob } from '../../../lib/engine/bullmq/task-job.js';
import type { EngineContext, NewTask, NewWorkflow } from '../../../lib/engine/port/index.js';
import { contextWith, newTask } from '../../conformance/harness.js';
import { newWorkflow, type NodeShape } from '../../support/new-workflow.js';
import { SharedRedis } from '../../support/servers/shared-redis.js';

const LEASE_MS = 30_000;
const TOKEN = 'a-worker';

type Worker = ReturnType<OpenBullmqStore['set']['worker']>;

/**
 * The parts of an engine on BullMQ, on a store in the run's Redis that nobody works on but the test: of its own, or one for all
 * tests of a file, with a queue for each.
 */
export class PartSite {
  readonly clock = new SystemClock();
  store!: BullmqStore;
  context!: EngineContext;
  options!: BullmqEngineOptions;
  /** The queue of the test. */
  queue = 'default';
  private tests = 0;
  private readonly workers = new Map<string, Worker>();

  private constructor(
    private readonly overrides: Partial<EngineContext>,
    private readonly given: Partial<BullmqEngineOptions>,
  ) {}

  /** For the tests of a file, which look at their own queue alone. */
  static forFile(overrides: Partial<EngineContext> = {}): PartSite {
    const site = new PartSite(overrides, {});
    beforeAll(() => site.openStore());
    beforeEach(() => {
      site.tests += 1;
      site.queue = `queue-${site.tests}`;
    });
    afterAll(() => site.close());
    return site;
  }

  /** For one test. */
  static async open(
    overrides: Partial<EngineContext> = {},
    options: Partial<BullmqEngineOptions> = {},
  ): Promise<PartSite> {
    const site = new PartSite(overrides, options);
    await site.openStore();
    onTestFinished(() => site.close());
    return site;
  }

  /** The store as another process opens it. */
  async another(overrides: Partial<EngineContext> = {}): Promise<PartSite> {
    const site = await PartSite.open(overrides, this.options);
    site.queue = this.queue;
    return site;
  }

  get parts(): OpenBullmqStore {
    return this.store.opened;
  }

  /** Adds a task, and gives its job. */
  async add(overrides: Partial<NewTask> = {}): Promise<TaskJob> {
    const task = newTask(this.clock, { queue: this.queue, ...overrides });
    await this.parts.adder.add([task]);
    return this.job(task.id, task.queue);
  }

  /** The job of a task, as it is now. */
  async job(id: string, queue = this.queue): Promise<TaskJob> {
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

  /** Stores a workflow of these nodes, whose tasks are in the queue of the test. */
  async start(shapes: Readonly<Record<string, NodeShape>>, overrides: Partial<NewWorkflow> = {}): Promise<NewWorkflow> {
    const own = Object.entries(shapes).map(([name, shape]) => [name, { queue: this.queue, ...shape }] as const);
    const workflow = newWorkflow(this.clock, Object.fromEntries(own), overrides);
    await this.parts.registry.noteQueues(workflow.nodes.map(({ queue }) => queue));
    await this.parts.set.flows.add(flowJobs(workflow, followersOf(workflow), 'a-call'), 'a-call');
    return workflow;
  }

  /** Takes the next job of a queue, as a worker does. */
  async take(queue = this.queue): Promise<TaskJob> {
    let worker = this.workers.get(queue);
    if (!worker) {
      worker = this.parts.set.worker(queue, () => Promise.resolve(), {
        name: this.store.consumers.workerId,
        autorun: false,
        lockDuration: LEASE_MS,
      });
      this.workers.set(queue, worker);
      await worker.waitUntilReady();
    }
    const job = (await worker.getNextJob(TOKEN, { block: false })) as TaskJob | undefined;
    if (!job) throw new Error(`Nothing waits in queue "${queue}".`);
    return job;
  }

  /** Has the next job of a queue complete. */
  async complete(value?: unknown): Promise<TaskJob> {
    const job = await this.take();
    await job.moveToCompleted(value, TOKEN, false);
    return job;
  }

  /** Has the next job of a queue fail for good. */
  async fail(message = 'broken'): Promise<TaskJob> {
    const job = await this.take();
    job.opts.attempts = 0;
    await job.moveToFailed(new AttemptError(failure(job, { error: { name: 'Error', message } }), null), TOKEN, false);
    return job;
  }

  /** Has the next job of a queue fail, and come again after so many milliseconds. */
  async failOnce(delay = 60_000, record: Partial<AttemptRecord> = {}): Promise<TaskJob> {
    const job = await this.take();
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

  private async openStore(): Promise<void> {
    const redis = await SharedRedis.join();
    const place =
      this.given.postgres === undefined ? { connection: redis.connection, prefix: redis.createPrefix() } : {};
    this.options = { ...place, lease: LEASE_MS, maxLostAttempts: 5, queues: ['default'], ...this.given };
    this.context = contextWith(this.clock, this.overrides);
    this.store = new BullmqStore(this.options, this.context);
    await this.store.open();
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
