import { checkQueue } from '../checks/index.js';
import { monotonicTime, sleep } from '../clock/index.js';
import type { ResolvedConfig } from '../config/index.js';
import { InvalidArgumentError, messageOf, TasksConfigError, UnknownQueueError } from '../contract/index.js';
import { isInTime } from '../engine/common/index.js';
import type { Consumer, EngineLogger, RunTask, TaskEngine } from '../engine/port/index.js';
import type { HandlerRegistry } from '../handlers/index.js';
import { sharedLimits } from './shared-limits.js';
import {
  checkDrainOptions,
  checkWorkOptions,
  type DrainWorkersOptions,
  type WorkOptions,
  type WorkReport,
} from './work-options.js';

/** How often it is looked whether anything is left to do, and how many times in a row there must be nothing. */
const LOOK = { everyMs: 100, times: 2 };

export interface WorkersParts {
  readonly engine: Pick<TaskEngine, 'delivering' | 'inspecting'>;
  readonly config: Pick<ResolvedConfig, 'queues' | 'limits' | 'shutdownGrace'>;
  readonly registry: Pick<HandlerRegistry, 'names' | 'whenFirst' | 'all'>;
  readonly logger: Pick<EngineLogger, 'error'>;
}

/** Attempts of one call of `work`. */
interface Tally {
  underWay: number;
  ran: number;
  failed: number;
}

/**
 * The workers of this process, queue by queue:
 *
 *     stopped ──start(), work()──> working ──stop(), drain()──> stopped
 *        └───────────── close(), with the app ────────┴──> closed
 *
 * Calls are carried out one after the other.
 */
export class Workers {
  private readonly consumers = new Map<string, Consumer>();
  private run: RunTask | null = null;
  private turn: Promise<unknown> = Promise.resolve();
  private closed: Promise<void> | null = null;

  constructor(private readonly parts: WorkersParts) {}

  /** Says how tasks are run, once the app's handlers are known. */
  runBy(run: RunTask): void {
    this.run ??= run;
  }

  /** @throws UnknownQueueError, TasksConfigError, StoreError */
  async start(queue?: string): Promise<void> {
    const queues = this.queues(queue);
    const run = this.begun('start()');
    await this.inTurn(() => this.begin(queues, run));
  }

  /** @throws UnknownQueueError */
  async stop(queue?: string): Promise<void> {
    await this.end(this.queues(queue), this.parts.config.shutdownGrace);
  }

  /** Resolves to whether all that ran ended by itself. @throws InvalidArgumentError */
  async drain(options: DrainWorkersOptions): Promise<boolean> {
    return this.end(this.queues(), checkDrainOptions(options, this.parts.config.shutdownGrace));
  }

  /** @throws InvalidArgumentError, TasksConfigError, StoreError */
  async work(options: WorkOptions): Promise<WorkReport> {
    const timeout = checkWorkOptions(options);
    const run = this.begun('work()');
    if (this.consumers.size > 0) {
      throw new InvalidArgumentError(
        'until',
        'The workers of this process have started, and go on when nothing is due. Set the option "autoStart: false", so ' +
          'that they work when work() is called.',
      );
    }
    const deadline = timeout === null ? Infinity : monotonicTime() + timeout;
    const tally: Tally = { underWay: 0, ran: 0, failed: 0 };
    await this.inTurn(() => this.begin(this.queues(), counted(run, tally)));
    try {
      const idle = await this.untilIdle(tally, deadline);
      return { idle, ran: tally.ran, failed: tally.failed };
    } finally {
      await this.stop();
    }
  }

  /** Stops all, and starts no more. */
  close(): Promise<void> {
    this.closed ??= this.stop();
    return this.closed;
  }

  private queues(only?: string): string[] {
    const { queues } = this.parts.config;
    if (only === undefined) return [...queues.keys()];
    if (!queues.has(checkQueue(only))) throw new UnknownQueueError(only, [...queues.keys()]);
    return [only];
  }

  /** A process without handlers would take tasks only to hand them back. */
  private async begin(queues: readonly string[], run: RunTask): Promise<void> {
    const { config, engine, registry, logger } = this.parts;
    if (registry.names().length === 0) {
      registry.whenFirst(() => {
        this.inTurn(() => this.begin(queues, run)).catch((error: unknown) => {
          logger.error(`Could not start the workers: ${messageOf(error)}`);
        });
      });
      return;
    }
    const limits = sharedLimits(registry.all(), config.limits);
    for (const queue of queues) {
      const { concurrency, settings, rateLimit } = config.queues.get(queue)!;
      if (concurrency === 0 || this.closed || this.consumers.has(queue)) continue;
      const options = { concurrency, priority: settings.priority, rateLimit, ...limits };
      this.consumers.set(queue, await engine.delivering.consume(queue, options, run));
    }
  }

  private end(queues: readonly string[], grace: number): Promise<boolean> {
    return this.inTurn(async () => {
      const consumers = queues.flatMap((queue) => {
        const consumer = this.consumers.get(queue);
        this.consumers.delete(queue);
        return consumer ? [consumer] : [];
      });
      const closing = Promise.all(consumers.map((consumer) => consumer.close(grace)));
      const inTime = await isInTime(closing, grace);
      await closing;
      return inTime;
    });
  }

  private async untilIdle(tally: Tally, deadline: number): Promise<boolean> {
    for (let quiet = 0, ran = -1; !this.closed && monotonicTime() < deadline;) {
      const isQuiet = ran === tally.ran && !(await this.hasWork(tally));
      quiet = isQuiet ? quiet + 1 : 0;
      if (quiet >= LOOK.times) return true;
      ran = tally.ran;
      await sleep(Math.min(LOOK.everyMs, Math.max(0, deadline - monotonicTime())));
    }
    return false;
  }

  private async hasWork(tally: Tally): Promise<boolean> {
    if (tally.underWay > 0) return true;
    const depths = await this.parts.engine.inspecting.queues();
    return depths.some(({ queue, counts, paused }) => {
      return this.consumers.has(queue) && !paused && counts.available > 0;
    });
  }

  /** @throws TasksConfigError while the app starts */
  private begun(call: string): RunTask {
    if (this.run) return this.run;
    throw new TasksConfigError(
      `TaskDispatcher.${call} was called before the app had started, and its handlers are not known yet. Call it after ` +
        'app.init() or app.listen().',
    );
  }

  private inTurn<Result>(action: () => Promise<Result>): Promise<Result> {
    const result = this.turn.then(action);
    this.turn = result.catch(() => undefined);
    return result;
  }
}

function counted(run: RunTask, tally: Tally): RunTask {
  return async (delivery) => {
    tally.underWay += 1;
    try {
      const outcome = await run(delivery);
      if (outcome.kind === 'failed') tally.failed += 1;
      return outcome;
    } finally {
      tally.underWay -= 1;
      tally.ran += 1;
    }
  };
}
