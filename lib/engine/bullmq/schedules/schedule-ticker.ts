import { createHash } from 'node:crypto';
import { wallTime } from '../../../clock/index.js';
import { hasEnded, messageOf, type Schedule } from '../../../contract/index.js';
import { isOpen, openTicks, type TakenTicks, takenTicks, taskOfRun, type TickRecord } from '../../common/index.js';
import type { EngineContext, NewTask } from '../../port/index.js';
import { recordsIn } from '../attempt-record.js';
import { untilDone, WITHOUT_END } from '../chores.js';
import { failedUnknown, unhandledSince } from '../declined.js';
import { PRUNE_EVERY_MS, pruneCancelled } from '../pruner.js';
import { jobIdOf } from '../job-ids.js';
import type { QueueSet } from '../queue-set.js';
import type { Registry } from '../registry.js';
import type { TaskJob } from '../task-job.js';
import type { TaskLists } from '../task-lists.js';
import { type Plan, ScheduleReplanner } from './schedule-replanner.js';
import { repeatStrategy, zoneOf } from './repeat-strategy.js';
import type { Run, ScheduleNotes } from './schedule-notes.js';

/** No schedule's key: those begin with `cron-`. */
const PRUNE = 'prune';

/** A tick whose run could not be stored is tried again: it is late then, and not left out. */
const AGAIN_MS = 1_000;

export interface TickerParts {
  readonly set: QueueSet;
  readonly registry: Registry;
  readonly lists: TaskLists;
  readonly schedules: ScheduleNotes;
  enqueue(tasks: readonly NewTask[]): Promise<unknown>;
  /** Removes workflows that were kept for their time. */
  prune(): Promise<void>;
}

/**
 * Cron schedules as BullMQ's job schedulers on the library's own queue: each makes one small job a tick, once for all
 * processes, and whoever gets it enqueues the run. The run's id follows from schedule and tick, so that a tick which is
 * delivered twice enqueues once. A schedule that is paused or disabled has no job scheduler.
 */
export class ScheduleTicker implements Plan {
  private worker: ReturnType<QueueSet['worker']> | null = null;
  private readonly replanner: ScheduleReplanner;

  /** @param lease how long a process may be silent before a tick that it has in hand is given to another, in milliseconds */
  constructor(
    private readonly context: Pick<EngineContext, 'logger' | 'nextRun' | 'keepAtMost'>,
    private readonly parts: TickerParts,
    private readonly lease?: number,
  ) {
    this.replanner = new ScheduleReplanner(context, parts.schedules, this);
  }

  /** Ticks from now on, in this process too, and prunes once a minute by a schedule of its own. */
  start(): void {
    if (this.worker) return;
    const { set, registry } = this.parts;
    const prune = async (): Promise<void> => {
      await pruneCancelled(set, registry, this.context.keepAtMost);
      await this.parts.prune();
    };
    const run = (job: TaskJob) => (job.name === PRUNE ? prune() : this.tick(job));
    const warn = (error: unknown) =>
      this.context.logger.warn(`A tick, or pruning, is tried again in a second: ${messageOf(error)}`);
    this.worker = set.worker(set.own.name, untilDone(set, AGAIN_MS, run, warn), {
      concurrency: 1,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 100 },
      ...(this.lease !== undefined && { lockDuration: this.lease, stalledInterval: this.lease }),
      // However often the process that has it in hand dies: a tick that is given up is a run that is missing.
      maxStalledCount: WITHOUT_END,
      settings: { repeatStrategy: repeatStrategy(this.context) },
    });
    this.replanner.start();
    this.schedulePruning().catch((error: unknown) =>
      this.context.logger.warn(`Pruning is not scheduled: ${messageOf(error)}`),
    );
  }

  /** Stores the schedules of this process's code, and its own, in a store that has lost them. */
  async declareAgain(declared: Iterable<Schedule>): Promise<void> {
    if (this.worker) await this.schedulePruning();
    for (const schedule of declared) {
      await this.parts.schedules.define(schedule);
      await this.arrange(schedule);
    }
  }

  /** Plans a schedule anew that waits for a tick which a clock that was ahead has planned. */
  async check(schedule: Schedule): Promise<void> {
    await this.replanner.check(schedule);
  }

  async arrangeDuties(): Promise<void> {
    await this.parts.set.own.removeJobScheduler(PRUNE);
    await this.schedulePruning();
  }

  private async schedulePruning(): Promise<void> {
    await this.parts.set.own.upsertJobScheduler(PRUNE, { every: PRUNE_EVERY_MS }, { name: PRUNE });
  }

  async close(): Promise<void> {
    await this.replanner.stop();
    if (this.worker) await this.parts.set.end(this.worker);
  }

  /**
   * Has a schedule tick as it is defined; its next tick is the first from now on.
   * @param paused as it is noted, unless given
   */
  async arrange(schedule: Schedule, paused?: boolean): Promise<void> {
    const { set, schedules } = this.parts;
    const { name, expression } = schedule;
    const held = schedule.disabled || (paused ?? (await schedules.isPaused(name)));
    if (held || this.context.nextRun(schedule, wallTime()) === null) return this.remove(name);
    // In one step over the one before: between two, a store that is full or away would leave none.
    await set.own.upsertJobScheduler(
      keyOf(name),
      { pattern: expression, tz: zoneOf(schedule) },
      { name: 'tick', data: { schedule: name } },
    );
  }

  async remove(name: string): Promise<void> {
    await this.parts.set.own.removeJobScheduler(keyOf(name));
  }

  /** Whether its ticks are planned, and by the expression and the zone that it has. */
  async isTicking(schedule: Schedule): Promise<boolean> {
    const planned = await this.parts.set.own.getJobScheduler(keyOf(schedule.name));
    return planned?.pattern === schedule.expression && (planned.tz ?? undefined) === zoneOf(schedule);
  }

  /** The next tick that BullMQ has in mind; null where it ticks no more. */
  async nextTick(name: string): Promise<number | null> {
    return (await this.parts.set.own.getJobScheduler(keyOf(name)))?.next ?? null;
  }

  /** As {@link nextTick}, without ticks that were dealt with: a job scheduler that has no further one stays with its last. */
  async nextOpenTick(schedule: Schedule): Promise<number | null> {
    const next = await this.nextTick(schedule.name);
    const record = await this.parts.schedules.record(schedule.name);
    if (next === null || isOpen(record, next)) return next;
    try {
      return openTicks(record, this.context.nextRun)(schedule, next);
    } catch {
      // The expression or zone is another version's.
      return null;
    }
  }

  /** Enqueues what is due, where `first` is the oldest tick that was not dealt with. */
  async run(schedule: Schedule, first: number): Promise<void> {
    const { name } = schedule;
    if (schedule.disabled || (await this.parts.schedules.isPaused(name))) return;
    const now = wallTime();
    // The clock by which it came due may be a little ahead of this one.
    const end = Math.max(first, now);
    // BullMQ's next tick is in the future already: what `all` has to make up for is taken now, a part after the other.
    let record = await this.parts.schedules.record(name);
    let after = first - 1;
    for (;;) {
      const due = this.dueAfter(schedule, record, after, end);
      if (!due) return;
      record = due.record;
      after = due.last;
      await this.runTicks(schedule, due, now);
    }
  }

  private dueAfter(schedule: Schedule, record: TickRecord, after: number, end: number): TakenTicks | null {
    const { nextRun, logger } = this.context;
    try {
      const first = openTicks(record, nextRun)(schedule, after);
      return first === null || first > end ? null : takenTicks(schedule, record, first, end, nextRun);
    } catch (error) {
      logger.error(`Cron schedule "${schedule.name}" cannot tick: ${messageOf(error)}`);
      return null;
    }
  }

  private async runTicks(schedule: Schedule, { runs, record }: TakenTicks, now: number): Promise<void> {
    const { schedules } = this.parts;
    const { name } = schedule;
    const before = await schedules.runs(name);
    const held = (!schedule.overlap && (await this.isAnyOpen(before))) || (await this.isUnhandled(schedule, before[0]));
    const tasks = (held ? [] : runs).map((time) => taskOfRun(schedule, runId(name, time), time, now));
    await this.parts.enqueue(tasks);
    await schedules.noteRuns(
      name,
      tasks.map(({ id, runAt }) => ({ id, at: runAt })),
      record,
    );
  }

  private async tick(job: TaskJob): Promise<void> {
    const { schedules } = this.parts;
    const name = String(job.data.schedule);
    const first = job.opts.prevMillis ?? job.timestamp + job.delay;
    await schedules.refresh();
    const schedule = await schedules.definition(name);
    if (schedule) await this.run(schedule, first);
  }

  /** Whether the run before was left to others and has not ended; or, for code that is not there, failed for that. */
  private async isUnhandled({ name, queue, source }: Schedule, before: Run | undefined): Promise<boolean> {
    const job: TaskJob | undefined = before && (await this.parts.set.queue(queue).getJob(jobIdOf(before.id)));
    const records = recordsIn(job?.stacktrace);
    if (job?.finishedOn === undefined) return unhandledSince(records) !== undefined;
    return source === 'code' && failedUnknown(records) && !(await this.parts.schedules.isExcused(name, before!.id));
  }

  private async isAnyOpen(runs: readonly Run[]): Promise<boolean> {
    const listed = await Promise.all(runs.map(({ id }) => this.parts.lists.find(id)));
    return listed.some((found) => found !== null && !hasEnded(found.state));
  }
}

/** BullMQ takes a key of five parts between colons for one of an older version. */
function keyOf(name: string): string {
  return `cron-${encodeURIComponent(name)}`;
}

/** A UUID made of the schedule's name and the tick. */
function runId(name: string, tick: number): string {
  const hash = createHash('sha256').update(`${name}\n${tick}`).digest('hex');
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-a${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}
