import { monotonicTime, setTimeout } from '../../clock/index.js';
import type { ConsumeOptions, Consumer, EngineContext, RunTask } from '../port/index.js';
import type { CommitWatch } from './store/commit-watch.js';
import type { Connection } from './store/connection.js';
import { ConsumerPool } from './consumer/consumer-pool.js';
import type { ConsumerHost, PoolConsumer } from './consumer/pool-consumer.js';
import { QueueWorkers } from './consumer/queue-workers.js';
import { CountPruner } from './maintenance/count-pruner.js';
import type { Duty } from './maintenance/duty.js';
import { Promoter } from './maintenance/promoter.js';
import { EXPIRED_RESULTS, Pruner } from './maintenance/pruner.js';
import { setConcurrencies } from './sql/flow-rows.js';
import { forgotten, unparkForgotten } from './sql/parked-tasks.js';
import { limitNamed } from './sql/start-log.js';
import { Rescuer } from './maintenance/rescuer.js';
import { Liveness } from './process/liveness.js';
import { heartbeatFolder } from './process/heartbeat.js';
import { Registration } from './process/registration.js';
import { Starts, type StartNotes } from './process/starts.js';
import type { Gate, Writer } from './store/writer.js';

export interface WorkForceOptions {
  readonly lease: number;
  readonly maxLostAttempts: number;
}

/** The workers' place, where that is another thread than the engine's. */
export interface WorkPlace {
  /** As {@link Starts.open}. */
  openStarts(folder: string, id: string): StartNotes | null;
  /** Workers of this process that are no more: their thread is gone. */
  readonly former: readonly string[];
  /** What every transaction passes, where the process may go on without this thread. */
  readonly gate?: Gate;
}

const HERE: WorkPlace = { openStarts: Starts.open, former: [] };

/** How often this process looks whether others have cancelled what it runs. */
const LOOK_FOR_CANCELS_EVERY_MS = 100;
/** The same for results of others that are kept no longer. */
const LOOK_FOR_RESULTS_EVERY_MS = 60_000;

interface AtWork {
  readonly registration: Registration;
  readonly pool: ConsumerPool;
  readonly promoter: Promoter;
  readonly pruner: Pruner;
  readonly resultPruner: Pruner;
  /** Null where no queue has a limit. */
  readonly countPruner: CountPruner | null;
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
    private readonly watch: CommitWatch,
    private readonly place: WorkPlace = HERE,
  ) {}

  /** The id under which this process is registered; null while it is not. */
  get workerId(): string | null {
    return this.atWork?.registration.id ?? null;
  }

  async consume(queue: string, options: ConsumeOptions, run: RunTask): Promise<Consumer> {
    const { consumer } = await this.join(queue, options, (host) => new QueueWorkers(queue, options, run, host));
    return {
      close: async (grace) => {
        await consumer.close(grace);
        await this.leave();
      },
    };
  }

  /** Takes up the work on a queue, with a consumer that is made once this process is registered for it. */
  async join<Made extends PoolConsumer>(
    queue: string,
    options: ConsumeOptions,
    make: (host: ConsumerHost) => Made,
  ): Promise<{ readonly consumer: Made; readonly host: ConsumerHost }> {
    const { registration, pool, rescuer } = this.begin();
    await registration.serve(this.writer, queue, options.concurrency);
    const limits = new Set(Object.values(options.limits ?? {}).map(({ name }) => limitNamed(name)));
    const forgottenLimits = await this.connection.read((database) => forgotten(database, limits));
    if (forgottenLimits.length > 0) {
      await this.writer.write((transaction) => unparkForgotten(transaction, queue, limits));
    }
    rescuer.start();
    const consumer = make(pool);
    pool.add(consumer);
    await this.resize();
    return { consumer, host: pool };
  }

  /** Whether one of the duties has something to do at the present time. */
  get isBusy(): boolean {
    return this.duties().some((duty) => duty.isBusy);
  }

  /** Resolves when none of the duties has anything left to do at the present time. */
  async rest(): Promise<void> {
    await Promise.all(this.duties().map((duty) => duty.rest()));
  }

  /** A consumer has gone: with the last one, so does all that works on the store. */
  async leave(): Promise<void> {
    if (this.atWork?.pool.isEmpty) await this.close();
  }

  /** Another process committed something: there may be work, something due, or something cancelled. */
  afterForeignCommit(): void {
    if (!this.atWork) return;
    const { pool, promoter, pruner, resultPruner } = this.atWork;
    pool.pauseAsStored();
    pool.wake(null);
    const clockNow = this.context.clock.now();
    promoter.expect(clockNow);
    // The process that ended a task may be gone when its retention is over.
    pruner.expect(clockNow);
    resultPruner.expect(clockNow + LOOK_FOR_RESULTS_EVERY_MS);
    const now = monotonicTime();
    if (now < this.lookForCancelsAt) return;
    this.lookForCancelsAt = now + LOOK_FOR_CANCELS_EVERY_MS;
    setTimeout(() => {
      this.atWork?.pool.abortCancelled();
      this.resize().catch((error: unknown) => this.context.logger.error(`Looking for set workers: ${String(error)}`));
    }, LOOK_FOR_CANCELS_EVERY_MS).unref();
  }

  /** Has as many workers of each queue as were set at run time. */
  async resize(): Promise<void> {
    if (!this.atWork) return;
    const { pool, registration } = this.atWork;
    const set = await this.connection.read(setConcurrencies);
    for (const { queue, size } of pool.resize(set)) await registration.serve(this.writer, queue, size);
  }

  async close(): Promise<void> {
    const atWork = this.atWork;
    if (!atWork) return;
    this.atWork = null;
    this.watch.keepAwake(false);
    const duties = dutiesOf(atWork);
    for (const listener of [atWork.pool, ...duties]) this.writer.listeners.delete(listener);
    await Promise.all([...duties, atWork.rescuer].map((duty) => duty.stop()));
    await atWork.registration.leave(this.writer);
  }

  private duties(): Duty[] {
    return this.atWork ? dutiesOf(this.atWork) : [];
  }

  private begin(): AtWork {
    if (this.atWork) return this.atWork;
    const { context, connection, writer } = this;
    const folder = heartbeatFolder(connection.path);
    const { openStarts } = this.place;
    const registration = new Registration(folder, this.options.lease, context.clock.now(), context.newId, openStarts);
    const { lease, maxLostAttempts } = this.options;
    const pool = new ConsumerPool(context, connection, writer, registration, lease / 2, maxLostAttempts);
    const rescuer = new Rescuer(
      context,
      connection,
      writer,
      folder ? new Liveness(folder, this.options.lease, () => registration.id) : null,
      {
        maxLostAttempts: this.options.maxLostAttempts,
        self: () => registration.id,
        checkSelf: () => pool.checkRegistration(),
        former: this.place.former,
      },
    );
    const promoter = new Promoter(context, connection, writer);
    const pruner = new Pruner(context, connection, writer);
    const resultPruner = new Pruner(context, connection, writer, EXPIRED_RESULTS);
    const { keepAtMost } = context;
    const countPruner = keepAtMost ? new CountPruner({ ...context, keepAtMost }, connection, writer) : null;
    this.atWork = { registration, pool, rescuer, promoter, pruner, resultPruner, countPruner };
    writer.listeners.add(pool);
    for (const duty of dutiesOf(this.atWork)) {
      writer.listeners.add(duty);
      duty.start();
    }
    this.watch.keepAwake(true);
    return this.atWork;
  }
}

/** What is done when its time comes. */
function dutiesOf({ promoter, pruner, resultPruner, countPruner }: AtWork): Duty[] {
  return [promoter, pruner, resultPruner, ...(countPruner ? [countPruner] : [])];
}
