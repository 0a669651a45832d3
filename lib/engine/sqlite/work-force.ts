import type { ConsumeOptions, Consumer, EngineContext, RunTask } from '../task-engine.js';
import type { ChangeWatch } from './change-watch.js';
import type { Connection } from './connection.js';
import { ConsumerPool } from './consumer/consumer-pool.js';
import { Promoter } from './duties/promoter.js';
import { Pruner } from './duties/pruner.js';
import { Rescuer } from './duties/rescuer.js';
import type { Committed } from './transaction.js';
import { Liveness } from './workers/liveness.js';
import { Registration, heartbeatFolder } from './workers/registration.js';
import type { Writer } from './writer.js';

export interface WorkForceOptions {
  readonly lease: number;
  readonly maxLostAttempts: number;
}

/** How often this process looks whether others have cancelled what it runs. */
const LOOK_FOR_CANCELS_EVERY_MS = 100;

interface AtWork {
  readonly registration: Registration;
  readonly pool: ConsumerPool;
  readonly promoter: Promoter;
  readonly pruner: Pruner;
  readonly rescuer: Rescuer;
}

/**
 * What a process does that works on the store: it is registered, has consumers, and takes its part in the duties. Begins
 * with the first consumer; a process that only enqueues or looks has none of it.
 */
export class WorkForce {
  private atWork: AtWork | null = null;
  private lookForCancelsAt = 0;

  constructor(
    private readonly options: WorkForceOptions,
    private readonly context: EngineContext,
    private readonly connection: Connection,
    private readonly writer: Writer,
    private readonly watch: ChangeWatch,
  ) {}

  /** The id under which this process is registered; null while it is not. */
  get workerId(): string | null {
    return this.atWork?.registration.id ?? null;
  }

  async consume(queue: string, options: ConsumeOptions, run: RunTask): Promise<Consumer> {
    const { registration, pool, rescuer } = this.begin();
    await registration.serve(this.writer, queue, options.concurrency);
    rescuer.start();
    const consumer = pool.add(queue, options, run);
    return {
      close: async (grace) => {
        await consumer.close(grace);
        if (pool.isEmpty) await this.close();
      },
    };
  }

  afterCommit(committed: Committed): void {
    if (!this.atWork) return;
    const { pool, promoter, pruner } = this.atWork;
    for (const queue of committed.available) pool.wake(queue);
    if (committed.dueAt < Infinity) {
      promoter.expect(committed.dueAt);
      pruner.expect(committed.dueAt);
    }
    if (committed.cancelRequested) this.abortCancelled();
  }

  /** Another process committed something: there may be work, something due, or something cancelled. */
  afterForeignCommit(): void {
    if (!this.atWork) return;
    const { pool, promoter, pruner } = this.atWork;
    pool.wake(null);
    const clockNow = this.context.clock.now();
    promoter.expect(clockNow);
    // Whoever ended a task may be gone when its retention is over.
    pruner.expect(clockNow);
    const now = performance.now();
    if (now < this.lookForCancelsAt) return;
    this.lookForCancelsAt = now + LOOK_FOR_CANCELS_EVERY_MS;
    setTimeout(() => this.abortCancelled(), LOOK_FOR_CANCELS_EVERY_MS).unref();
  }

  async close(): Promise<void> {
    const atWork = this.atWork;
    if (!atWork) return;
    this.atWork = null;
    this.watch.keepAwake(false);
    await Promise.all([atWork.promoter.stop(), atWork.pruner.stop(), atWork.rescuer.stop()]);
    await atWork.registration.leave(this.writer);
  }

  private abortCancelled(): void {
    this.atWork?.pool
      .abortCancelled()
      .catch((error: unknown) => this.context.logger.error(`Looking for cancelled tasks: ${String(error)}`));
  }

  private begin(): AtWork {
    if (this.atWork) return this.atWork;
    const { context, connection, writer } = this;
    const folder = heartbeatFolder(connection.path);
    const registration = new Registration(folder, this.options.lease, context.clock.now(), context.newId);
    const pool = new ConsumerPool(context, connection, writer, registration);
    const rescuer = new Rescuer(context, connection, writer, folder ? new Liveness(folder, this.options.lease) : null, {
      maxLostAttempts: this.options.maxLostAttempts,
      self: () => registration.id,
      checkSelf: () => pool.checkRegistration(),
    });
    this.atWork = {
      registration,
      pool,
      rescuer,
      promoter: new Promoter(context, connection, writer),
      pruner: new Pruner(context, connection, writer),
    };
    this.atWork.promoter.start();
    this.atWork.pruner.start();
    this.watch.keepAwake(true);
    return this.atWork;
  }
}
