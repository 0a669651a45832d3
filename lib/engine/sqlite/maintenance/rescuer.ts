import { clearInterval, monotonicTime, setInterval } from '../../../clock/index.js';
import { messageOf } from '../../../contract/index.js';
import type { EngineContext } from '../../port/index.js';
import type { Connection } from '../store/connection.js';
import { rescueTasksOf, strayWorkers, type RescueRules } from '../sql/rescue-tasks.js';
import { allWorkers, deleteWorker, type WorkerRecord } from '../sql/worker-rows.js';
import type { Liveness } from '../process/liveness.js';
import type { Transaction } from '../store/transaction.js';
import type { Writer } from '../store/writer.js';

const EVERY_MS = 500;

export interface RescuerOptions {
  readonly maxLostAttempts: number;
  /** Id of this process, which is not to rescue itself. */
  readonly self: () => string;
  /** Called at each look: whether this process itself was taken for dead. */
  readonly checkSelf: () => Promise<void>;
  /** Workers that are known to be gone although their process lives. */
  readonly former: readonly string[];
}

/**
 * Finds dead processes and gives their tasks back: at boot and then steadily. In real time, not on the engine's clock:
 * whether another process lives has nothing to do with a clock that a test moves.
 */
export class Rescuer {
  private timer?: NodeJS.Timeout;
  private round: Promise<void> = Promise.resolve();
  private lastLook = monotonicTime();
  private isBlind = false;

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
    const now = monotonicTime();
    if (now - this.lastLook > 3 * EVERY_MS) this.liveness?.startAnew();
    this.lastLook = now;
    await this.options.checkSelf();
    const self = this.options.self();
    const files = this.liveness?.processesWithFiles();
    const workers = await this.connection.read(allWorkers);
    this.liveness?.sweep(files!, workers);
    for (const worker of workers) {
      if (worker.id !== self && this.isDead(worker)) await this.bury(worker);
    }
    this.tellOfBlindness();
    for (const stray of await this.connection.read(strayWorkers)) {
      if (stray === this.options.self()) continue;
      await this.writer.write((transaction) => this.takeLeasesOf(transaction, stray, null));
    }
  }

  private tellOfBlindness(): void {
    const isBlind = this.liveness?.isBlind ?? false;
    if (isBlind && !this.isBlind) {
      this.context.logger.warn(
        `The folder of heartbeats beside ${this.connection.path} is gone, and this process cannot make it: a process that dies in ` +
          'another container is not noticed until it can. Let the user of the app write to that place.',
      );
    }
    this.isBlind = isBlind;
  }

  private isDead(worker: WorkerRecord): boolean {
    return !this.liveness || this.options.former.includes(worker.id) || this.liveness.isDead(worker);
  }

  private async bury(worker: WorkerRecord): Promise<void> {
    const rescued = await this.writer.write((transaction) => {
      // While this waited for its turn to write, a process that had been stopped may have gone on and claimed anew.
      if (!this.isDead(worker)) return null;
      return this.takeLeasesOf(transaction, worker.id, this.liveness?.begunBy(worker) ?? null);
    });
    if (rescued === null) return;
    this.liveness?.forget(worker.id);
    const who = this.options.former.includes(worker.id) ? 'The former thread' : `Process ${worker.pid}`;
    this.context.logger.warn(
      `${who} on ${worker.host} (worker ${worker.id}) is dead; ${rescued} of its tasks were given back`,
    );
  }

  private takeLeasesOf(transaction: Transaction, worker: string, begun: ReadonlySet<string> | null): number {
    const { clock, keepFor } = this.context;
    const rules: RescueRules = { now: clock.now(), maxLostAttempts: this.options.maxLostAttempts, keepFor };
    deleteWorker(transaction, worker);
    return rescueTasksOf(transaction, worker, rules, begun);
  }
}
