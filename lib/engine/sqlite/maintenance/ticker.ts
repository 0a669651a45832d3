import { messageOf } from '../../../contract/index.js';
import type { EngineContext } from '../../port/index.js';
import { type TakenTicks, takenTicks, taskOfRun } from '../../common/index.js';
import type { Connection } from '../store/connection.js';
import { insertTasks } from '../sql/insert-tasks.js';
import { dueSchedules, nextTick, runIsOpen, runIsUnhandled, type ScheduleRow, takeTick } from '../sql/schedule-rows.js';
import type { Transaction } from '../store/transaction.js';
import type { Writer } from '../store/writer.js';
import { Duty } from './duty.js';
import { Replanner } from './replanner.js';

/** When a schedule that cannot be computed is tried again. */
const PUT_OFF_MS = 60_000;

/**
 * Runs the cron schedules: a tick moves its row to the next time and enqueues the run in the same transaction. The
 * process whose update finds the row as it was wins the tick; for the others it is gone.
 */
export class Ticker extends Duty {
  protected override readonly name = 'Ticker';
  private readonly replanner: Replanner;

  constructor(
    private readonly context: EngineContext,
    private readonly connection: Connection,
    private readonly writer: Writer,
  ) {
    super(context.clock, context.logger);
    this.replanner = new Replanner(context, connection, writer, () => this.expect(this.clock.now()));
  }

  override start(): void {
    super.start();
    this.replanner.start();
  }

  override async stop(): Promise<void> {
    await this.replanner.stop();
    await super.stop();
  }

  protected async run(): Promise<number | null> {
    const next = await this.connection.read(nextTick);
    const now = this.clock.now();
    if (next === null || next > now) return next;
    await this.writer.write((transaction) => {
      for (const schedule of dueSchedules(transaction.database, now)) this.tickOrPutOff(transaction, schedule, now);
    });
    return this.connection.read(nextTick);
  }

  /** A schedule that this process cannot compute (an expression or zone of another version) must not stop the others. */
  private tickOrPutOff(transaction: Transaction, schedule: ScheduleRow, now: number): void {
    let ticks: TakenTicks;
    try {
      ticks = takenTicks(schedule, schedule.record, schedule.nextRunAt!, now, this.context.nextRun);
    } catch (error) {
      const reason = messageOf(error);
      this.context.logger.error(`Cron schedule "${schedule.name}" cannot tick: ${reason}`);
      takeTick(transaction, schedule, now + PUT_OFF_MS, [], schedule.record);
      return;
    }
    this.tick(transaction, schedule, ticks, now);
  }

  private tick(transaction: Transaction, schedule: ScheduleRow, { runs, next, record }: TakenTicks, now: number): void {
    const { database } = transaction;
    const held = (!schedule.overlap && runIsOpen(database, schedule)) || runIsUnhandled(database, schedule);
    const tasks = (held ? [] : runs).map((tick) => taskOfRun(schedule, this.context.newId(), tick, now));
    if (!takeTick(transaction, schedule, next, tasks, record)) return;
    transaction.touch(schedule.queue);
    insertTasks(transaction, tasks, now);
  }
}
