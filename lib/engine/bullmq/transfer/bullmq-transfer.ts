import { monotonicTime, sleep, wallTime } from '../../../clock/index.js';
import { StoreError, TasksError, messageOf } from '../../../contract/index.js';
import {
  describeWorker,
  type EngineContext,
  type MovedState,
  type MoveMark,
  type NewTask,
  type StoreBook,
  type StoredTask,
  type TransferStore,
} from '../../port/index.js';
import type { BullmqOptions } from '../bullmq-options.js';
import { addJobs } from '../add-jobs.js';
import { byQueue } from '../by-queue.js';
import { withoutCancelled } from '../cancelled.js';
import { jobIdOf, jobIdsOf, taskIdOf } from '../job-ids.js';
import { LapseJobs } from '../lapse-jobs.js';
import { QueueSet } from '../queue-set.js';
import { Registry } from '../registry.js';
import { sharedValue, sharedValues } from '../shared-value.js';
import { ScheduleNotes } from '../schedules/schedule-notes.js';
import { allStatuses } from '../schedules/schedule-status.js';
import { ScheduleTicker } from '../schedules/schedule-ticker.js';
import { TaskLists } from '../task-lists.js';
import { stateOf, JobView } from '../job-view.js';
import type { TaskJob } from '../task-job.js';
import { toJob } from '../stored-job.js';
import { adoptSchedule } from './adopt-schedule.js';
import { isLanding } from './carried.js';
import { toMovedJob, toStoredTask } from './job-rows.js';
import { Landing } from './landing.js';
import { liveFlows } from './live-flows.js';
import { MOVED_LISTS, steppedJobs } from './stepped-jobs.js';
import { readMoveNote, writeMoveNote } from './move-mark.js';
import { flushRedis } from './redis-flush.js';

/** How long a lock is waited for that nobody renews, and how often it is looked at, in milliseconds. */
const LOCK_PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 500;

export interface BullmqTransferOptions extends BullmqOptions {
  readonly context: EngineContext;
}

/** A store in BullMQ, as one end of a move. */
export class BullmqTransfer implements TransferStore {
  private readonly landings = new Map<string, Landing>();
  private readonly lapseJobs: LapseJobs;

  private constructor(
    private readonly options: BullmqOptions,
    private readonly set: QueueSet,
    private readonly registry: Registry,
    private readonly view: JobView,
    private readonly schedules: ScheduleNotes,
    private readonly ticker: ScheduleTicker,
  ) {
    this.lapseJobs = new LapseJobs(set, registry);
  }

  /** @throws StoreError where the server cannot be reached */
  static async open({ context, ...options }: BullmqTransferOptions): Promise<BullmqTransfer> {
    try {
      const set = await QueueSet.open({ ...options, lease: LOOK_EVERY_MS, maxLostAttempts: 1, queues: [] }, context);
      const registry = new Registry(set, (message) => context.logger.warn(message));
      // Params go from one store to another as they are.
      const view = new JobView(
        (params) => params,
        () => [],
      );
      const lists = new TaskLists(set, registry, view);
      const enqueue = async (tasks: readonly NewTask[]): Promise<void> => {
        await registry.noteQueues(tasks.map(({ queue }) => queue));
        for (const task of tasks) await addJobs(set, task.queue, [toJob(task)]);
      };
      const schedules = new ScheduleNotes(registry);
      const prune = (): Promise<void> => Promise.resolve();
      const ticker = new ScheduleTicker(context, { set, registry, lists, schedules, enqueue, prune });
      return new BullmqTransfer(options, set, registry, view, schedules, ticker);
    } catch (error) {
      if (error instanceof TasksError) throw error;
      throw new StoreError(`The task store cannot be opened: ${messageOf(error)}`, { cause: error });
    }
  }

  readMark(): Promise<MoveMark | null> {
    return readMoveNote(this.registry);
  }

  writeMark(mark: MoveMark | null): Promise<void> {
    return writeMoveNote(this.registry, mark);
  }

  async workers(): Promise<readonly string[]> {
    const known = await this.registry.workers();
    const ours = known.map(describeWorker);
    const others: string[] = [];
    for (const queue of await this.queues()) {
      for (const { rawname, addr } of await this.set.queue(queue).getWorkers()) {
        const name = String(rawname);
        if (!known.some(({ id }) => name.endsWith(id))) others.push(`a BullMQ worker on "${queue}" (${String(addr)})`);
      }
    }
    return [...ours, ...others];
  }

  async unmovable(): Promise<readonly string[]> {
    return [...(await liveFlows(this.set)), ...(await steppedJobs(this.set, await this.queues()))];
  }

  async settle(role: MoveMark['role']): Promise<readonly string[]> {
    const held: string[] = [];
    for (const queue of await this.queues()) {
      const locked = await this.settleQueue(queue, role);
      held.push(
        ...locked.map(({ id, processedBy }) => `task ${taskIdOf(id!)}, running by worker ${processedBy ?? 'unknown'}`),
      );
    }
    return role !== 'source' || held.length > 0 ? held : this.unmovable();
  }

  async movedKinds(): ReturnType<TransferStore['movedKinds']> {
    const queues = await this.queues();
    const counts = await Promise.all(queues.map((queue) => this.set.queue(queue).getJobCountByTypes(...MOVED_LISTS)));
    return queues.filter((_queue, index) => counts[index]! > 0).map((queue) => ({ queue, name: null }));
  }

  async *exportTasks(): AsyncGenerator<StoredTask> {
    for (const name of await this.queues()) {
      const queue = this.set.queue(name);
      for (const list of MOVED_LISTS) {
        // All ids at once: PostgreSQL orders what came due or failed at the same time in no way, so that pages overlap.
        const ids = await queue.getRanges([list], 0, -1, true);
        for await (const part of this.set.jobs.read(name, ids, 'whole')) {
          const jobs = part.map(({ job }) => job).filter(isTask);
          yield* await Promise.all(jobs.map((job) => this.stored(name, list, job)));
        }
      }
    }
  }

  async importTasks(tasks: readonly StoredTask[]): Promise<void> {
    const now = wallTime();
    const groups = byQueue(tasks);
    await this.registry.noteQueues(groups.keys());
    for (const [queue, all] of groups) {
      // A task that was cancelled here stays that.
      const own = await withoutCancelled(this.set, queue, all);
      const lapsing = own.filter(({ state }) => state !== 'failed');
      const lapses = await this.lapseJobs.of(
        queue,
        lapsing.map(({ id, traits, attempt }) => [jobIdOf(id), traits, attempt > 0]),
      );
      await addJobs(
        this.set,
        queue,
        own.map((task) => toMovedJob(task, now)),
        lapses,
      );
      if (own.some(({ state }) => state === 'failed')) await this.landing(queue).landAll();
    }
  }

  async endedAmong(tasks: ReadonlyArray<Pick<StoredTask, 'id' | 'queue'>>): Promise<readonly string[]> {
    const hasEnded = await Promise.all(
      tasks.map(async ({ id, queue }) => {
        const [state, cancelled] = await Promise.all([
          this.set.queue(queue).getJobState(jobIdOf(id)),
          this.set.cancelledOf(queue).getJobState(jobIdOf(id)),
        ]);
        return state === 'completed' || cancelled !== 'unknown';
      }),
    );
    return tasks.map(({ id }) => id).filter((_id, index) => hasEnded[index]);
  }

  /** PostgreSQL has written every commit to the disk, unless it is set to do otherwise. */
  async flush(): Promise<boolean> {
    const { connection, prefix } = this.options;
    return connection ? flushRedis(connection, prefix) : true;
  }

  async removeTasks(tasks: ReadonlyArray<Pick<StoredTask, 'id' | 'queue'>>): Promise<void> {
    await Promise.all(
      tasks.map(async ({ id, queue }) => {
        for (const jobId of jobIdsOf(id)) {
          const removed = await this.set.queue(queue).remove(jobId);
          if (removed > 0) return;
          if (await this.set.queue(queue).getJob(jobId)) {
            throw new StoreError(`Task ${id} cannot be removed from queue "${queue}": somebody works on it.`);
          }
        }
      }),
    );
  }

  async exportBook(): Promise<StoreBook> {
    const queues = await this.queues();
    const paused = await Promise.all(queues.map((queue) => this.set.queue(queue).isPaused()));
    const notes = Object.entries(await this.registry.of('sensitive'));
    return {
      schedules: await allStatuses(this.schedules, this.ticker),
      paused: queues.filter((_queue, index) => paused[index]),
      sensitive: new Map(notes.map(([name, paths]) => [name, JSON.parse(paths) as string[]])),
      secrets: await sharedValues(this.set),
    };
  }

  async importBook({ schedules, paused, sensitive, secrets }: StoreBook): Promise<void> {
    for (const [name, paths] of sensitive) await this.registry.note({ [`sensitive:${name}`]: JSON.stringify(paths) });
    for (const schedule of schedules) await adoptSchedule(schedule, this.schedules, this.ticker);
    await this.registry.noteQueues(paused);
    for (const queue of paused) await this.set.queue(queue).pause();
    for (const [name, value] of secrets) await sharedValue(this.set, name, value);
  }

  async removeSchedules(names: readonly string[]): Promise<void> {
    for (const name of names) {
      await this.schedules.forget(name);
      await this.ticker.remove(name);
    }
  }

  async resumeQueues(names: readonly string[]): Promise<void> {
    for (const queue of names) await this.set.queue(queue).resume();
  }

  async close(): Promise<void> {
    await Promise.all([...this.landings.values()].map((landing) => landing.close()));
    await this.ticker.close();
    await this.set.close();
  }

  private async queues(): Promise<string[]> {
    await this.registry.refresh(true);
    return (await this.registry.queues()).toSorted();
  }

  private async stored(queue: string, list: (typeof MOVED_LISTS)[number], job: TaskJob): Promise<StoredTask> {
    const { logs } = await this.set.queue(queue).getJobLogs(job.id!);
    return toStoredTask(this.view, queue, job, stateOf(list, job) as MovedState, logs);
  }

  private landing(queue: string): Landing {
    let landing = this.landings.get(queue);
    if (!landing) this.landings.set(queue, (landing = new Landing(this.set, queue)));
    return landing;
  }

  /**
   * Jobs that run are given back by BullMQ's own check, once nobody has renewed their lock. Those that a killed move was
   * landing are taken out of its target, as its source has them; what was to land in a store that is now a source lands.
   */
  private async settleQueue(name: string, role: MoveMark['role']): Promise<TaskJob[]> {
    const queue = this.set.queue(name);
    const checker = this.set.worker(name, () => Promise.resolve(), {
      autorun: false,
      stalledInterval: LOOK_EVERY_MS / 2,
      // However often it was lost, it goes along.
      maxStalledCount: 1_000_000,
    });
    try {
      await checker.waitUntilReady();
      const until = monotonicTime() + LOCK_PATIENCE_MS;
      for (;;) {
        const [waiting, active] = await Promise.all([this.all(name, 'waiting'), this.all(name, 'active')]);
        if (role === 'target') for (const { id } of [...waiting, ...active].filter(isLanding)) await queue.remove(id!);
        const running = active.filter((job) => role === 'source' || !isLanding(job));
        if (active.length === 0 && role === 'source' && waiting.some(isLanding)) await this.landing(name).landAll();
        if (active.length === 0 || monotonicTime() > until) return running;
        if (running.length > 0) await checker.backend.moveStalledJobsToWait();
        await sleep(LOOK_EVERY_MS);
      }
    } finally {
      await this.set.end(checker);
    }
  }

  private async all(queue: string, list: 'waiting' | 'active'): Promise<TaskJob[]> {
    const jobs: Array<TaskJob | undefined> = await this.set.queue(queue).getJobs([list], 0, -1, true);
    return jobs.filter(isTask);
  }
}

function isTask(job: TaskJob | undefined): job is TaskJob {
  return job !== undefined;
}
