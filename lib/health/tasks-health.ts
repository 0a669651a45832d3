import type { OnApplicationShutdown } from '@nestjs/common';
import { monotonicTime } from '../clock/index.js';
import { parseDuration } from '../checks/index.js';
import type { ResolvedConfig } from '../config/index.js';
import { type Duration, messageOf } from '../contract/index.js';
import { isInTime } from '../engine/common/index.js';
import type { TaskEngine } from '../engine/port/index.js';
import type { Operations, QueueStats } from '../operations/index.js';
import { hasFreeWork } from './free-work.js';
import { LoopWatch } from './loop-watch.js';
import { StartsWatch } from './starts-watch.js';
import type { WorkPhase } from './work-phase.js';

/** A name that no task has: what is noted under it proves that the store takes what is written. */
const PROBE = 'nestjs-tasks:ready';

/** What a check has found. */
export interface HealthReport {
  readonly ok: boolean;
  /** In sentences, without any secret; empty where all is well. */
  readonly problems: readonly string[];
}

/** From when on {@link TasksHealth.live} says no. */
export interface LivenessLimits {
  /**
   * The event loop stood still for so long at a stretch since the last call.
   * @default '10s'
   */
  blocked?: Duration;
  /**
   * For so long the store has not answered, or due tasks waited while workers of their queue were free here and began nothing.
   * @default '60s'
   */
  stuck?: Duration;
  /**
   * How long the store may take to answer one call.
   * @default '5s'
   */
  timeout?: Duration;
}

export interface LatencyCheck {
  /** The longest that a due task may have waited. */
  latency: Duration;
  /**
   * Names of the queues that are looked at.
   * @default all
   */
  queues?: readonly string[];
  /** As in {@link LivenessLimits}. */
  timeout?: Duration;
}

export interface TasksHealthParts {
  readonly config: Pick<ResolvedConfig, 'name' | 'clock' | 'autoStart' | 'limits'>;
  readonly operations: { readonly queues: Pick<Operations['queues'], 'stats'> };
  readonly engine: Pick<TaskEngine, 'limiting' | 'keying'> & {
    readonly enqueueing: Pick<TaskEngine['enqueueing'], 'noteSensitive'>;
    readonly delivering: Pick<TaskEngine['delivering'], 'isHeldBack'>;
  };
  readonly phase: Pick<WorkPhase, 'current'>;
}

/**
 * Whether a store's work in this process goes on: for probes, alerts and `@nestjs/terminus`.
 *
 * @publicApi
 */
export class TasksHealth implements OnApplicationShutdown {
  private watches: { readonly loop: LoopWatch; readonly starts: StartsWatch } | null = null;
  private silentSince: number | null = null;
  /** Since when each queue has had work that nothing holds back, and that nothing here began. */
  private readonly idleSince = new Map<string, number>();

  /** @internal Made by `TasksModule`. */
  constructor(private readonly parts: TasksHealthParts) {}

  /**
   * Whether this process should go on, for a liveness probe: its event loop turns, the store answers, and where work is due
   * and workers are free, some is begun. Work that a limit, slots over all processes or a pause holds back on purpose is not
   * due in this sense. What it judges is watched from the first call on, so that one always says yes.
   */
  async live(limits: LivenessLimits = {}): Promise<HealthReport> {
    const blocked = parseDuration(limits.blocked ?? '10s', 'blocked');
    const stuck = parseDuration(limits.stuck ?? '60s', 'stuck');
    const { loop, starts } = (this.watches ??= this.watch());
    const problems: string[] = [];
    const stood = loop.take();
    if (stood > blocked) problems.push(`The event loop stood still for ${seconds(stood)}.`);
    try {
      const queues = await answered(this.parts.operations.queues.stats(), limits.timeout);
      const found = await answered(this.stuckAmong(queues, starts, stuck), limits.timeout);
      this.silentSince = null;
      problems.push(...found.map(stuckProblem));
    } catch (error) {
      this.silentSince ??= monotonicTime();
      const silent = monotonicTime() - this.silentSince;
      if (silent >= stuck) problems.push(`The store has not answered for ${seconds(silent)}: ${messageOf(error)}`);
    }
    return report(problems);
  }

  /**
   * Whether this process may be given work, for a readiness probe: its workers have started, no shutdown has begun, and the
   * store has committed what was written for this call.
   */
  async ready({ timeout }: Pick<LivenessLimits, 'timeout'> = {}): Promise<HealthReport> {
    const { current } = this.parts.phase;
    if (current === 'starting') return report(['The app has not started its workers yet.']);
    if (current === 'stopping') return report(['The app is shutting down.']);
    try {
      const written = new Map([[PROBE, [String(this.parts.config.clock.now())]]]);
      await answered(this.parts.engine.enqueueing.noteSensitive(written), timeout);
      return report([]);
    } catch (error) {
      return report([`The store takes nothing: ${messageOf(error)}`]);
    }
  }

  /**
   * Whether due tasks wait too long, for alerts. Not for probes: to restart every process as one queue is behind makes it worse.
   */
  async check({ latency, queues, timeout }: LatencyCheck): Promise<HealthReport> {
    const most = parseDuration(latency, 'latency');
    try {
      const now = this.parts.config.clock.now();
      const stats = await answered(this.parts.operations.queues.stats(), timeout);
      const asked = stats.filter(({ queue, foreign }) => (queues ? queues.includes(queue) : !foreign));
      return report(
        asked.flatMap(({ queue, oldestAvailableAt }) => {
          const age = oldestAvailableAt === null ? 0 : now - oldestAvailableAt;
          return age > most ? [`The oldest due task of queue "${queue}" has waited for ${seconds(age)}.`] : [];
        }),
      );
    } catch (error) {
      return report([`The store does not answer: ${messageOf(error)}`]);
    }
  }

  /**
   * A report as `@nestjs/terminus` 11 takes it: `() => health.indicator(await health.ready())`.
   * @param key under which it stands in terminus's answer
   */
  indicator<Key extends string = 'tasks'>(
    { ok, problems }: HealthReport,
    key: Key = 'tasks' as Key,
  ): Record<Key, { status: 'up' | 'down'; problems?: readonly string[] }> {
    const result = ok ? ({ status: 'up' } as const) : ({ status: 'down', problems } as const);
    return { [key]: result } as Record<Key, typeof result>;
  }

  /** @internal Called by Nest. */
  onApplicationShutdown(): void {
    this.watches?.loop.stop();
    this.watches?.starts.stop();
  }

  private watch(): { readonly loop: LoopWatch; readonly starts: StartsWatch } {
    return { loop: new LoopWatch(), starts: new StartsWatch(this.parts.config.name) };
  }

  private async stuckAmong(
    queues: readonly QueueStats[],
    starts: StartsWatch,
    stuck: number,
  ): Promise<readonly QueueStats[]> {
    const { phase, config } = this.parts;
    // An app that starts its workers by hand knows when they are to work.
    if (phase.current !== 'working' || !config.autoStart) return [];
    const found: QueueStats[] = [];
    for (const queue of queues) {
      const name = queue.queue;
      if (!this.isIdle(queue, starts) || !(await hasFreeWork(queue, this.parts))) {
        this.idleSince.delete(name);
        continue;
      }
      // What is due for longest may be held back, and the rest may have come a moment ago: so it has to be so for a while.
      const since = this.idleSince.get(name);
      if (since === undefined) this.idleSince.set(name, monotonicTime());
      else if (Math.min(starts.idleFor(name), monotonicTime() - since, this.waited(queue)) >= stuck) found.push(queue);
    }
    return found;
  }

  /** Work is due and workers are free. What other processes do is theirs to say. */
  private isIdle({ queue, paused, foreign, concurrency, counts }: QueueStats, starts: StartsWatch): boolean {
    if (paused || foreign || concurrency === 0 || counts.available === 0) return false;
    return starts.runningOf(queue) < concurrency;
  }

  private waited({ oldestAvailableAt }: QueueStats): number {
    return oldestAvailableAt === null ? 0 : this.parts.config.clock.now() - oldestAvailableAt;
  }
}

async function answered<Answer>(call: Promise<Answer>, timeout: Duration = '5s'): Promise<Answer> {
  const patience = parseDuration(timeout, 'timeout');
  if (!(await isInTime(call, patience))) throw new Error(`it took longer than ${seconds(patience)}.`);
  return call;
}

function stuckProblem({ queue, counts, concurrency }: QueueStats): string {
  return (
    `Queue "${queue}" has ${counts.available} due tasks and ${concurrency} workers here, of which some are free, and none of ` +
    'them has begun one for too long.'
  );
}

function report(problems: readonly string[]): HealthReport {
  return { ok: problems.length === 0, problems };
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 100) / 10} s`;
}
