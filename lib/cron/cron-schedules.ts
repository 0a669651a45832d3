import type { ResolvedConfig } from '../config/index.js';
import type { HandlerRegistry } from '../handlers/index.js';
import type { EngineLogger, TaskEngine } from '../engine/port/index.js';
import {
  InvalidArgumentError,
  type EnqueuedTask,
  listOf,
  ScheduleNotFoundError,
  type ScheduleStatus,
  TaskNotFoundError,
  TasksConfigError,
  type TaskSummary,
} from '../contract/index.js';
import { checkObject, checkOwnId, shownValue } from '../checks/index.js';
import { maskSensitive, type ParamsCodec } from '../params/index.js';
import { EnqueuePipeline } from '../queueing/index.js';
import { nextRuns } from './cron-expression.js';
import type { CronRegistry } from './cron-registry.js';
import type { AddScheduleOptions, CronSchedule, TriggerOptions } from './cron-schedules.types.js';
import { scheduleFromOptions } from './schedule-from-options.js';

const SHOWN_RUNS = 5;

export interface CronSchedulesDependencies {
  readonly engine: TaskEngine;
  readonly registry: HandlerRegistry;
  readonly crons: CronRegistry;
  readonly codec: ParamsCodec;
  readonly config: ResolvedConfig;
  readonly logger: EngineLogger;
}

/**
 * The cron schedules of a store: those that `@Cron` methods declare, in this process or another, and those added here.
 *
 * @publicApi
 */
export class CronSchedules {
  private readonly pipeline: EnqueuePipeline;

  /** @internal Made by `TasksModule`. */
  constructor(private readonly deps: CronSchedulesDependencies) {
    const { engine, config, registry, codec } = deps;
    // A tick has no handler that enqueues it.
    this.pipeline = new EnqueuePipeline({ engine, config, registry, codec, followUps: () => null });
  }

  /**
   * Adds a schedule to the store, for all processes and beyond this one's end, or replaces the one added earlier under
   * its name. Resolves once it is durable.
   *
   * @throws InvalidArgumentError for a wrong name, expression, zone or setting, or a name that an `@Cron` has
   * @throws UnknownQueueError, UnknownTaskNameError, InvalidParamsError, ParamsTooLargeError
   */
  async add<const Name extends string>(options: AddScheduleOptions<Name>): Promise<CronSchedule> {
    const schedule = await scheduleFromOptions(options, this.pipeline, this.deps.config.clock.now());
    const { name } = schedule;
    const declared = this.deps.crons.get(name);
    const stored = declared ? undefined : await this.find(name);
    if (declared || stored?.source === 'code') {
      const owner = declared ? `@Cron on ${declared.location}` : 'an @Cron of another process, or of earlier code';
      throw new InvalidArgumentError('name', `Schedule "${name}" is declared by ${owner}. Choose another name.`);
    }
    await this.deps.engine.scheduling.save(schedule);
    return this.get(name);
  }

  /**
   * Removes a schedule; tasks that it made stay. One that an `@Cron` declared is removed for good only when no process
   * declares it any more.
   *
   * @throws ScheduleNotFoundError
   * @throws InvalidArgumentError when an `@Cron` of this process declares it
   */
  async remove(name: string): Promise<void> {
    checkName(name);
    const declared = this.deps.crons.get(name);
    if (declared) {
      throw new InvalidArgumentError(
        'name',
        `Schedule "${name}" is declared by @Cron on ${declared.location}, so the next boot would add it again. ` +
          'Take the decorator away or give it disabled: true; to stop it for now, pause it.',
      );
    }
    if (!(await this.deps.engine.scheduling.remove(name))) throw await this.notFound(name);
  }

  /** Every schedule of the store, by name. */
  async list(): Promise<CronSchedule[]> {
    const schedules = await this.deps.engine.scheduling.all();
    return this.shown(schedules.toSorted((a, b) => (a.name < b.name ? -1 : 1)));
  }

  /** @throws ScheduleNotFoundError */
  async get(name: string): Promise<CronSchedule> {
    const schedule = await this.find(checkName(name));
    if (!schedule) throw await this.notFound(name);
    return (await this.shown([schedule]))[0]!;
  }

  /** Stops the ticks until {@link resume}, for all processes, across restarts too. @throws ScheduleNotFoundError */
  async pause(name: string): Promise<void> {
    if (!(await this.deps.engine.scheduling.setPaused(checkName(name), true))) throw await this.notFound(name);
  }

  /** @throws ScheduleNotFoundError */
  async resume(name: string): Promise<void> {
    if (!(await this.deps.engine.scheduling.setPaused(checkName(name), false))) throw await this.notFound(name);
  }

  /**
   * Enqueues a run now, beside the ticks and even while the schedule is paused or disabled.
   *
   * @param options `id`, by which the run is enqueued once as long as it is kept
   * @returns the run; where one of that `id` is there already, that one as it stands, with `enqueued: false`
   * @throws ScheduleNotFoundError, InvalidArgumentError
   */
  async trigger(name: string, options: TriggerOptions = {}): Promise<EnqueuedTask> {
    const { id: own } = checkObject(options, 'options', 'trigger', ['id']) as TriggerOptions;
    const { scheduling, inspecting } = this.deps.engine;
    const found = await scheduling.trigger(checkName(name), own === undefined ? own : checkOwnId(own, 'id'));
    if (!found) throw await this.notFound(name);
    const task = await inspecting.get(found.id);
    if (!task) throw new TaskNotFoundError(found.id);
    return { ...task, enqueued: found.enqueued };
  }

  /**
   * Writes what this process's code declares into the store. Schedules of other code are left alone: they may be another
   * process's. Called at boot.
   *
   * @internal
   */
  async saveAll(): Promise<void> {
    const { crons, engine, registry, logger } = this.deps;
    const declared = crons.all();
    refuseUnfit(declared, engine);
    // Together, so that the engine can commit them at once.
    await Promise.all(declared.map(({ schedule }) => engine.scheduling.save(schedule)));
    if (registry.names().length === 0) return;
    const names = new Set(declared.map(({ schedule }) => schedule.name));
    const others = (await engine.scheduling.all()).filter(
      ({ name, source, task }) => source === 'code' && !names.has(name) && !registry.get(task),
    );
    if (others.length === 0) return;
    logger.warn(
      `The store has cron schedules that no @Cron of this process declares: ${listOf(others.map(({ name }) => name))}. ` +
        'Where they are not of another process, they are left from earlier code: remove them with CronSchedules.remove(name).',
    );
  }

  private async find(name: string): Promise<ScheduleStatus | undefined> {
    return (await this.deps.engine.scheduling.all()).find((schedule) => schedule.name === name);
  }

  private async notFound(name: string): Promise<ScheduleNotFoundError> {
    const known = (await this.deps.engine.scheduling.all()).map((schedule) => schedule.name);
    return new ScheduleNotFoundError(name, known);
  }

  private async shown(schedules: readonly ScheduleStatus[]): Promise<CronSchedule[]> {
    const ids = schedules.flatMap(({ lastTaskIds }) => lastTaskIds);
    const tasks = ids.length > 0 ? await this.deps.engine.inspecting.summaries(ids) : [];
    const runs = new Map(tasks.map((task) => [task.id, task]));
    return schedules.map((schedule) => this.withRuns(schedule, runs));
  }

  private withRuns({ lastTaskIds, ...schedule }: ScheduleStatus, runs: ReadonlyMap<string, TaskSummary>): CronSchedule {
    const { registry, crons, codec } = this.deps;
    const handler = registry.get(schedule.task);
    const nextRunAt = schedule.paused || schedule.disabled ? null : schedule.nextRunAt;
    return {
      ...schedule,
      params: maskSensitive(parsed(schedule.params), codec.sensitivePaths(handler?.params ?? null)),
      settings: parsed(schedule.settings) as CronSchedule['settings'],
      nextRunAt,
      nextRuns: nextRunAt === null ? [] : [nextRunAt, ...laterRuns(schedule, nextRunAt)],
      lastRuns: lastTaskIds.map((id) => runs.get(id)).flatMap((task) => (task ? [toRun(task)] : [])),
      registered: handler ? true : registry.isEmpty ? null : false,
      location: crons.get(schedule.name)?.location ?? null,
    };
  }
}

/** @throws TasksConfigError where the engine cannot end runs by their times */
function refuseUnfit(declared: ReturnType<CronRegistry['all']>, { kind, capabilities }: TaskEngine): void {
  if (capabilities.lapses) return;
  for (const { location, schedule } of declared) {
    const { expires, deadline } = schedule.traits ?? {};
    if (expires === undefined && deadline === undefined) continue;
    const option = expires === undefined ? 'deadline' : 'expires';
    throw new TasksConfigError(
      `@Cron on ${location}: the engine "${kind}" ends no task by itself: leave "${option}" out.`,
    );
  }
}

function toRun({ id, state, runAt, startedAt, finishedAt }: TaskSummary): CronSchedule['lastRuns'][number] {
  return { id, state, runAt, startedAt, finishedAt };
}

/** None where another version of the library stored an expression that this one does not know. */
function laterRuns(schedule: Pick<ScheduleStatus, 'expression' | 'timeZone' | 'utcOffset'>, after: number): number[] {
  try {
    return nextRuns(schedule, after, SHOWN_RUNS - 1);
  } catch {
    return [];
  }
}

function parsed(json: string | null): unknown {
  try {
    return json === null ? null : (JSON.parse(json) as unknown);
  } catch {
    return null;
  }
}

/** Whether a schedule has it is another question. */
function checkName(name: unknown): string {
  if (typeof name === 'string') return name;
  throw new InvalidArgumentError('name', `name must be that of a schedule, not ${shownValue(name)}.`);
}
