import { createHash } from 'node:crypto';
import { messageOf } from '../../errors/index.js';
import {
  MOST_LAST_RUNS,
  type EngineContext,
  type NewTask,
  type Schedule,
  type ScheduleStatus,
} from '../task-engine.js';
import { ENDED_STATES, type TaskState } from '../task.js';
import { dueTicks, taskOf, toleranceOf } from '../ticks.js';
import { PRUNE_EVERY_MS, pruneCancelled } from './pruner.js';
import type { QueueSet } from './queue-set.js';
import type { Registry } from './registry.js';
import type { TaskJob } from './stored-job.js';
import type { TaskLists } from './task-lists.js';

const OFFSET = 'offset:';
/** No schedule's key: those begin with `cron-`. */
const PRUNE = 'prune';

/** The greatest count that fits into a column of PostgreSQL. */
const WITHOUT_END = 2 ** 31 - 1;

/** A tick whose run could not be stored is tried again: it is late then, and not left out. */
const UNTIL_DONE = { attempts: WITHOUT_END, backoff: { type: 'fixed', delay: 1_000 } };

/** What came of a schedule so far. `tick`: the last one that was dealt with. */
interface Ran {
  readonly at: number | null;
  readonly taskId: string | null;
  readonly tick: number | null;
  /** The tasks of the last runs, the newest first. */
  readonly taskIds?: readonly string[];
}

const NEVER: Ran = { at: null, taskId: null, tick: null };

/**
 * Cron schedules as BullMQ's job schedulers on the library's own queue: each makes one small job a tick, once for all
 * processes, and whoever gets it enqueues the run. The run's id follows from schedule and tick, so that a tick which is
 * delivered twice enqueues once. A schedule that is paused or disabled has no job scheduler.
 */
export class ScheduleBook {
  private worker: ReturnType<QueueSet['worker']> | null = null;

  constructor(
    private readonly context: EngineContext,
    private readonly set: QueueSet,
    private readonly registry: Registry,
    private readonly lists: TaskLists,
    private readonly enqueue: (tasks: readonly NewTask[]) => Promise<void>,
    /** How long a process may be silent before a tick that it has in hand is given to another, in milliseconds. */
    private readonly lease?: number,
  ) {}

  /** Ticks from now on, in this process too, and prunes once a minute by a schedule of its own. */
  start(): void {
    if (this.worker) return;
    const run = (job: TaskJob) => (job.name === PRUNE ? pruneCancelled(this.set, this.registry) : this.tick(job));
    this.worker = this.set.worker(this.set.own.name, (job) => run(job as TaskJob), {
      concurrency: 1,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 100 },
      ...(this.lease !== undefined && { lockDuration: this.lease, stalledInterval: this.lease }),
      // However often the process that has it in hand dies: a tick that is given up is a run that is missing.
      maxStalledCount: WITHOUT_END,
      settings: { repeatStrategy: repeatStrategy(this.context) },
    });
    const pruning = this.set.own.upsertJobScheduler(PRUNE, { every: PRUNE_EVERY_MS }, { name: PRUNE });
    pruning.catch((error: unknown) => this.context.logger.warn(`Pruning is not scheduled: ${messageOf(error)}`));
  }

  async save(schedule: Schedule): Promise<void> {
    await this.registry.refresh(true);
    const before = await this.definition(schedule.name);
    await this.registry.note({ [`schedule:${schedule.name}`]: JSON.stringify(schedule) });
    const same = before !== null && timing(before) === timing(schedule);
    const ticking = same && (await this.set.own.getJobScheduler(keyOf(schedule.name)));
    if (!ticking) await this.arrange(schedule);
    this.start();
  }

  /** Takes a schedule over from another store, and the ticks that it had missed there. */
  async adopt({ paused, nextRunAt, lastRunAt, lastTaskId, lastTaskIds, ...schedule }: ScheduleStatus): Promise<void> {
    const { name } = schedule;
    const ran: Ran = { at: lastRunAt, taskId: lastTaskId, tick: null, taskIds: lastTaskIds };
    await this.registry.note({
      [`schedule:${name}`]: JSON.stringify(schedule),
      [`ran:${name}`]: JSON.stringify(ran),
      ...(paused && { [`paused:${name}`]: '1' }),
    });
    await this.arrange(schedule);
    // BullMQ's scheduler begins with the next tick from now on.
    if (nextRunAt !== null && nextRunAt <= Date.now()) await this.run(schedule, nextRunAt);
  }

  async remove(name: string): Promise<boolean> {
    await this.registry.refresh(true);
    if (!(await this.definition(name))) return false;
    await this.registry.forget(`schedule:${name}`, `paused:${name}`, `ran:${name}`);
    await this.set.own.removeJobScheduler(keyOf(name));
    return true;
  }

  async all(): Promise<ScheduleStatus[]> {
    await this.registry.refresh(true);
    const definitions = Object.values(await this.registry.of('schedule')).map((text) => JSON.parse(text) as Schedule);
    const statuses = definitions.map((schedule) => this.status(schedule));
    return (await Promise.all(statuses)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  async setPaused(name: string, paused: boolean): Promise<boolean> {
    await this.registry.refresh(true);
    const schedule = await this.definition(name);
    if (!schedule) return false;
    if (paused) await this.registry.note({ [`paused:${name}`]: '1' });
    else await this.registry.forget(`paused:${name}`);
    await this.arrange(schedule);
    return true;
  }

  /** Enqueues a run now; the ticks go on as they are. */
  async trigger(name: string): Promise<string | null> {
    await this.registry.refresh(true);
    const schedule = await this.definition(name);
    if (!schedule) return null;
    const id = this.context.newId();
    const now = Date.now();
    await this.enqueue([taskOf(schedule, id, now, now)]);
    const ran = await this.ran(name);
    const next: Ran = { ...ran, at: now, taskId: id, taskIds: lastIds(ran, [id]) };
    await this.registry.note({ [`ran:${name}`]: JSON.stringify(next) });
    return id;
  }

  async close(): Promise<void> {
    if (this.worker) await this.set.end(this.worker);
  }

  private async arrange(schedule: Schedule): Promise<void> {
    const { name, expression } = schedule;
    const held = schedule.disabled || (await this.isPaused(name));
    await this.set.own.removeJobScheduler(keyOf(name));
    if (held || this.context.nextRun(schedule, Date.now()) === null) return;
    await this.set.own.upsertJobScheduler(
      keyOf(name),
      { pattern: expression, tz: zoneOf(schedule) },
      { name: 'tick', data: { schedule: name }, opts: UNTIL_DONE },
    );
  }

  private async tick(job: TaskJob): Promise<void> {
    const name = String(job.data.schedule);
    const first = job.opts.prevMillis ?? job.timestamp + job.delay;
    await this.registry.refresh(true);
    const schedule = await this.definition(name);
    if (schedule) await this.run(schedule, first);
  }

  /** Enqueues what is due, where `first` is the oldest tick that was not dealt with. */
  private async run(schedule: Schedule, first: number): Promise<void> {
    const { name } = schedule;
    if (schedule.disabled || (await this.isPaused(name))) return;
    const now = Date.now();
    const ran = await this.ran(name);
    let ticks: number[];
    try {
      ticks = this.ticksOf(schedule, first, now);
    } catch (error) {
      this.context.logger.error(`Cron schedule "${name}" cannot tick: ${messageOf(error)}`);
      return;
    }
    const held = !schedule.overlap && (await this.isOpen(ran.taskId));
    const wanted = held ? [] : ticks.filter((tick) => now - tick <= toleranceOf(schedule));
    const tasks = wanted.map((tick) => taskOf(schedule, runId(name, tick), tick, now));
    await this.enqueue(tasks);
    const last = tasks.at(-1);
    const taskIds = lastIds(
      ran,
      tasks.map(({ id }) => id),
    );
    const next: Ran = { ...ran, taskIds, tick: ticks.at(-1)!, ...(last && { at: last.runAt, taskId: last.id }) };
    await this.registry.note({ [`ran:${name}`]: JSON.stringify(next) });
  }

  /** BullMQ's next tick is in the future already: what `all` has to make up for is taken at once. */
  private ticksOf(schedule: Schedule, first: number, now: number): number[] {
    const all: number[] = [];
    let from: number | null = first;
    while (from !== null && from <= now) {
      all.push(...dueTicks(schedule, from, now, this.context.nextRun));
      from = this.context.nextRun(schedule, all.at(-1)!);
    }
    return all.length > 0 ? all : [first];
  }

  private async status(schedule: Schedule): Promise<ScheduleStatus> {
    const { name } = schedule;
    const [scheduler, ran, paused] = await Promise.all([
      this.set.own.getJobScheduler(keyOf(name)),
      this.ran(name),
      this.isPaused(name),
    ]);
    const next = scheduler?.next ?? null;
    // A job scheduler that has no further tick stays with its last one.
    const nextRunAt = next !== null && (ran.tick === null || next > ran.tick) ? next : null;
    const { at: lastRunAt, taskId: lastTaskId, taskIds: lastTaskIds = [] } = ran;
    return { ...schedule, paused, nextRunAt, lastRunAt, lastTaskId, lastTaskIds };
  }

  private async isOpen(taskId: string | null): Promise<boolean> {
    const listed = taskId === null ? null : await this.lists.find(taskId);
    return listed !== null && !(ENDED_STATES as readonly TaskState[]).includes(listed.state);
  }

  private async definition(name: string): Promise<Schedule | null> {
    const text = await this.registry.get(`schedule:${name}`);
    return text === undefined ? null : (JSON.parse(text) as Schedule);
  }

  private async isPaused(name: string): Promise<boolean> {
    return (await this.registry.get(`paused:${name}`)) !== undefined;
  }

  private async ran(name: string): Promise<Ran> {
    const text = await this.registry.get(`ran:${name}`);
    return text === undefined ? NEVER : (JSON.parse(text) as Ran);
  }
}

/** A tick that is delivered twice enqueues one task. */
function lastIds({ taskIds = [] }: Ran, fresh: readonly string[]): string[] {
  return [...new Set([...fresh.toReversed(), ...taskIds])].slice(0, MOST_LAST_RUNS);
}

/** When a schedule ticks, by the library's own reckoning, as on every engine. */
export function repeatStrategy({ nextRun }: Pick<EngineContext, 'nextRun'>) {
  return (after: number, { pattern, tz }: { pattern?: string; tz?: string }): number | undefined => {
    const utcOffset = tz?.startsWith(OFFSET) ? Number(tz.slice(OFFSET.length)) : null;
    const timeZone = utcOffset === null ? (tz ?? null) : null;
    return nextRun({ expression: pattern!, timeZone, utcOffset }, after) ?? undefined;
  };
}

function zoneOf({ timeZone, utcOffset }: Schedule): string | undefined {
  return utcOffset === null ? (timeZone ?? undefined) : `${OFFSET}${utcOffset}`;
}

function timing({ expression, timeZone, utcOffset, disabled }: Schedule): string {
  return JSON.stringify([expression, timeZone, utcOffset, disabled]);
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
