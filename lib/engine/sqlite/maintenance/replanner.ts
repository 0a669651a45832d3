import { type CancelTimer, clearInterval, setInterval, watchForSetBack } from '../../../clock/index.js';
import { messageOf } from '../../../contract/index.js';
import type { EngineContext } from '../../port/index.js';
import { tickBefore, TicksAhead } from '../../common/index.js';
import type { Connection } from '../store/connection.js';
import { laterSchedules, planSchedule } from '../sql/schedule-rows.js';
import type { Writer } from '../store/writer.js';

/** Real time: the clock that tasks go by is the one in question. */
const LOOK_EVERY_MS = 5_000;

/**
 * Plans schedules anew whose next tick was planned by a clock that was ahead: this process's own, at once when it is set back,
 * or another's, which has not come back to it.
 */
export class Replanner {
  private readonly ahead: TicksAhead;
  private readonly stops: CancelTimer[] = [];
  private round: Promise<void> | null = null;
  private isBack = false;

  constructor(
    private readonly context: EngineContext,
    private readonly connection: Connection,
    private readonly writer: Writer,
    private readonly onPlanned: () => void,
    private readonly lookEvery = LOOK_EVERY_MS,
  ) {
    this.ahead = new TicksAhead(context.nextRun);
  }

  start(): void {
    if (this.stops.length > 0) return;
    const timer = setInterval(() => this.look(), this.lookEvery).unref();
    const watch = watchForSetBack(this.context.clock, () => {
      this.isBack = true;
      this.look();
    });
    this.stops.push(() => clearInterval(timer), watch);
  }

  async stop(): Promise<void> {
    for (const stop of this.stops.splice(0)) stop();
    await this.round;
  }

  private look(): void {
    this.round ??= this.replan()
      .catch((error: unknown) => this.context.logger.error(`Cron schedules cannot be planned: ${messageOf(error)}`))
      .finally(() => (this.round = null));
  }

  private async replan(): Promise<void> {
    const { clock, nextRun } = this.context;
    const { isBack } = this;
    const rows = await this.connection.read((database) => laterSchedules(database, clock.now(), isBack));
    const left = this.ahead.leftBehind(rows, clock.now(), isBack);
    if (left.length > 0) {
      await this.writer.write((transaction) => {
        for (const row of left) {
          const tick = tickBefore(row, clock.now(), nextRun);
          if (tick !== null) planSchedule(transaction, row, tick);
        }
      });
      this.onPlanned();
    }
    if (isBack) this.isBack = false;
  }
}
