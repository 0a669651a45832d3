import {
  type CancelTimer,
  clearInterval,
  setInterval,
  SystemClock,
  wallTime,
  watchForSetBack,
} from '../../../clock/index.js';
import { messageOf, type Schedule } from '../../../contract/index.js';
import { type PlannedSchedule, tickBefore, TicksAhead } from '../../common/index.js';
import type { EngineContext } from '../../port/index.js';
import type { ScheduleNotes } from './schedule-notes.js';

const LOOK_EVERY_MS = 5_000;

/** What plans the ticks. */
export interface Plan {
  /** The tick that is planned; null where none is. */
  nextTick(name: string): Promise<number | null>;
  /** Plans the schedule anew: its next tick is the first from now on. */
  arrange(schedule: Schedule): Promise<void>;
  /** The same for the library's own duties. */
  arrangeDuties(): Promise<void>;
}

/**
 * Plans schedules anew whose next tick was planned by a clock that was ahead: this machine's own, at once when it is set back,
 * or that of another machine, which has not come back to it.
 */
export class ScheduleReplanner {
  private readonly ahead: TicksAhead;
  private readonly stops: CancelTimer[] = [];
  private round: Promise<void> | null = null;
  private isBack = false;

  constructor(
    private readonly context: Pick<EngineContext, 'logger' | 'nextRun'>,
    private readonly schedules: ScheduleNotes,
    private readonly plan: Plan,
    private readonly clock: Pick<SystemClock, 'now'> = { now: wallTime },
    private readonly lookEvery = LOOK_EVERY_MS,
  ) {
    this.ahead = new TicksAhead(context.nextRun);
  }

  start(): void {
    const timer = setInterval(() => this.look(), this.lookEvery).unref();
    const watch = watchForSetBack(this.clock, () => {
      this.isBack = true;
      this.look();
    });
    this.stops.push(() => clearInterval(timer), watch);
  }

  async stop(): Promise<void> {
    for (const stop of this.stops.splice(0)) stop();
    await this.round;
  }

  /** Plans one schedule anew where it waits for a tick that comes too late. */
  async check(schedule: Schedule): Promise<void> {
    const [planned] = await this.planned([schedule]);
    if (tickBefore(planned!, this.clock.now(), this.context.nextRun) !== null) await this.plan.arrange(schedule);
  }

  private look(): void {
    this.round ??= this.replan()
      .catch((error: unknown) => this.context.logger.warn(`Cron schedules cannot be planned: ${messageOf(error)}`))
      .finally(() => (this.round = null));
  }

  private async replan(): Promise<void> {
    const { isBack, schedules, clock } = this;
    if (isBack) await schedules.refresh();
    const definitions = await schedules.definitions();
    const passedOver = isBack ? [] : await schedules.passedOver(clock.now());
    const asked = definitions.filter(({ name, disabled }) => !disabled && (isBack || passedOver.includes(name)));
    const left = this.ahead.leftBehind(await this.planned(asked), clock.now(), isBack);
    for (const schedule of left) await this.plan.arrange(schedule);
    if (!isBack) return;
    await this.plan.arrangeDuties();
    this.isBack = false;
  }

  private async planned(schedules: readonly Schedule[]): Promise<PlannedSchedule[]> {
    const planned: PlannedSchedule[] = [];
    for (const schedule of schedules) {
      const nextRunAt = await this.plan.nextTick(schedule.name);
      planned.push({ ...schedule, nextRunAt, record: await this.schedules.record(schedule.name) });
    }
    return planned;
  }
}
