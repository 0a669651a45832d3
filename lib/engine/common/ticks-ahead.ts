import type { EngineContext } from '../port/index.js';
import { openTicks, type PlannedSchedule, tickBefore } from './tick-record.js';

/**
 * Finds schedules that wait for a tick which a clock ahead of this one has planned, while ticks come by that it had passed
 * over. While the other clock goes on ahead its ticks are as many as this one's, and its plan moves with each: a plan that
 * stays as it is while two ticks go by has been left behind.
 */
export class TicksAhead {
  private readonly seen = new Map<string, { readonly nextRunAt: number; readonly patience: number }>();

  constructor(private readonly nextRun: EngineContext['nextRun']) {}

  /**
   * The schedules that have to be planned anew.
   * @param isBack the clock was ahead itself and is back: there is nothing to wait for
   */
  leftBehind<T extends PlannedSchedule>(schedules: readonly T[], now: number, isBack: boolean): T[] {
    const names = new Set(schedules.map(({ name }) => name));
    for (const name of this.seen.keys()) if (!names.has(name)) this.seen.delete(name);
    return schedules.filter((planned) => this.isLeftBehind(planned, now, isBack));
  }

  private isLeftBehind(planned: PlannedSchedule, now: number, isBack: boolean): boolean {
    const { name, nextRunAt, record } = planned;
    const tick = this.before(planned, now);
    const seen = this.seen.get(name);
    const sees = tick !== null && seen?.nextRunAt === nextRunAt;
    if (tick === null || isBack || (sees && now >= seen.patience)) {
      this.seen.delete(name);
      return tick !== null;
    }
    if (!sees) {
      const patience = openTicks(record, this.nextRun)(planned, tick) ?? tick;
      this.seen.set(name, { nextRunAt: nextRunAt!, patience });
    }
    return false;
  }

  /** None where the expression or zone is another version's. */
  private before(planned: PlannedSchedule, now: number): number | null {
    try {
      return tickBefore(planned, now, this.nextRun);
    } catch {
      return null;
    }
  }
}
