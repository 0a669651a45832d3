import { messageOf } from '../../../errors/index.js';
import type { EngineContext, ScheduleStatus } from '../../task-engine.js';
import { dueTicks, taskOf, toleranceOf } from '../../ticks.js';
import type { Connection } from '../connection.js';
import { insertTasks } from '../statements/insert-tasks.js';
import { dueSchedules, runIsOpen, nextTick, takeTick } from '../statements/schedule-rows.js';
import type { Transaction } from '../transaction.js';
import type { Writer } from '../writer.js';
import { Duty } from './duty.js';

/** When a schedule that cannot be computed is tried again. */
const PUT_OFF_MS = 60_000;

/** What of a schedule is due, oldest first, and when it comes next. */
interface Ticks {
  readonly due: readonly number[];
  readonly next: number | null;
}

/**
 * Runs the cron schedules: a tick moves its row to the next time and enqueues the run in the same transaction. The
 * process whose update finds the row as it was wins the tick; for the others it is gone.
 */
export class Ticker extends Duty {
  constructor(
    private readonly context: EngineContext,
    private readonly connection: Connection,
    private readonly writer: Writer,
  ) {
    super(context.clock, context.logger);
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
  private tickOrPutOff(transaction: Transaction, schedule: ScheduleStatus, now: number): void {
    let ticks: Ticks;
    try {
      ticks = this.ticksOf(schedule, now);
    } catch (error) {
      const reason = messageOf(error);
      this.context.logger.error(`Cron schedule "${schedule.name}" cannot tick: ${reason}`);
      takeTick(transaction, schedule, now + PUT_OFF_MS, []);
      return;
    }
    this.tick(transaction, schedule, ticks, now);
  }

  private ticksOf(schedule: ScheduleStatus, now: number): Ticks {
    const due = dueTicks(schedule, schedule.nextRunAt!, now, this.context.nextRun);
    return { due, next: this.context.nextRun(schedule, due.at(-1)!) };
  }

  private tick(transaction: Transaction, schedule: ScheduleStatus, { due, next }: Ticks, now: number): void {
    const held = !schedule.overlap && runIsOpen(transaction.database, schedule);
    const tasks = held
      ? []
      : due
          .filter((tick) => now - tick <= toleranceOf(schedule))
          .map((tick) => taskOf(schedule, this.context.newId(), tick, now));
    if (!takeTick(transaction, schedule, next, tasks)) return;
    transaction.touch(schedule.queue);
    insertTasks(transaction, tasks, now);
  }
}
