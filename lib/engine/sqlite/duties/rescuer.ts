import { messageOf } from '../../../errors/index.js';
import type { EngineContext } from '../../task-engine.js';
import type { Connection } from '../connection.js';
import { rescueTasksOf, strayWorkers, type RescueRules } from '../statements/rescue-tasks.js';
import { allWorkers, deleteWorker, type WorkerRecord } from '../statements/worker-rows.js';
import type { Liveness } from '../workers/liveness.js';
import type { Writer } from '../writer.js';

const EVERY_MS = 500;

export interface RescuerOptions {
  readonly maxLostAttempts: number;
  /** Id of this process, which is not to rescue itself. */
  readonly self: () => string;
  /** Called at each look: whether this process itself was taken for dead. */
  readonly checkSelf: () => Promise<void>;
}

/**
 * Finds dead processes and gives their tasks back: at boot and then steadily. In real time, not on the engine's clock:
 * whether another process lives has nothing to do with a clock that a test moves.
 */
export class Rescuer {
  private timer?: NodeJS.Timeout;
  private round: Promise<void> = Promise.resolve();
  private lastLook = performance.now();

  constructor(
    private readonly context: EngineContext,
    private readonly connection: Connection,
    private readonly writer: Writer,
    /** Null for a store that no other process can share. */
    private readonly liveness: Liveness | null,
    private readonly options: RescuerOptions,
  ) {}

  start(): void {
    if (this.timer) return;
    this.look();
    this.timer = setInterval(() => this.look(), EVERY_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.timer = undefined;
    await this.round;
  }

  private look(): void {
    this.round = this.round
      .then(() => this.rescue())
      .catch((error: unknown) => {
        this.context.logger.error(`Looking for dead processes: ${messageOf(error)}`);
      });
  }

  private async rescue(): Promise<void> {
    const now = performance.now();
    if (now - this.lastLook > 3 * EVERY_MS) this.liveness?.startAnew();
    this.lastLook = now;
    await this.options.checkSelf();
    const self = this.options.self();
    for (const worker of await this.connection.read(allWorkers)) {
      if (worker.id !== self && (!this.liveness || this.liveness.isDead(worker))) await this.bury(worker);
    }
    for (const stray of await this.connection.read(strayWorkers)) {
      if (stray !== this.options.self()) await this.takeLeasesOf(stray);
    }
  }

  private async bury(worker: WorkerRecord): Promise<void> {
    // The row goes last: should this process die here, the next one finds it.
    this.liveness?.forget(worker.id);
    const rescued = await this.takeLeasesOf(worker.id);
    this.context.logger.warn(
      `Process ${worker.pid} on ${worker.host} (worker ${worker.id}) is dead; ${rescued} of its tasks were given back`,
    );
  }

  private takeLeasesOf(worker: string): Promise<number> {
    const { clock, keepFor } = this.context;
    const rules: RescueRules = { now: clock.now(), maxLostAttempts: this.options.maxLostAttempts, keepFor };
    return this.writer.write((transaction) => {
      deleteWorker(transaction, worker);
      return rescueTasksOf(transaction, worker, rules);
    });
  }
}
