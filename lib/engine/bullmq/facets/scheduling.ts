import { wallTime } from '../../../clock/index.js';
import type { Schedule, ScheduleStatus } from '../../../contract/index.js';
import { haveSameTicks, taskOfRun } from '../../common/index.js';
import type { EngineContext, Scheduling, Triggered } from '../../port/index.js';
import type { BullmqStore } from '../bullmq-store.js';
import { allStatuses } from '../schedules/schedule-status.js';

export class BullmqScheduling implements Scheduling {
  constructor(
    private readonly store: BullmqStore,
    private readonly context: Pick<EngineContext, 'newId'>,
  ) {}

  async save(schedule: Schedule): Promise<void> {
    const { schedules, ticker } = this.store.opened;
    await schedules.refresh();
    const before = await schedules.definition(schedule.name);
    await schedules.define(schedule);
    const same = before !== null && haveSameTicks(before, schedule);
    if (before && !haveSameTicks({ ...before, disabled: schedule.disabled }, schedule)) {
      await schedules.forgetTicks(schedule.name);
    }
    if (!same || !(await ticker.isTicking(schedule))) await ticker.arrange(schedule);
    else await ticker.check(schedule);
    ticker.start();
    if (schedule.source !== 'code') return;
    this.store.declared.set(schedule.name, schedule);
    await schedules.excuseLastRun(schedule.name);
  }

  async remove(name: string): Promise<boolean> {
    const { schedules, ticker } = this.store.opened;
    await schedules.refresh();
    this.store.declared.delete(name);
    if (!(await schedules.definition(name))) return false;
    await schedules.forget(name);
    await ticker.remove(name);
    return true;
  }

  async all(): Promise<readonly ScheduleStatus[]> {
    const { schedules, ticker } = this.store.opened;
    return allStatuses(schedules, ticker);
  }

  async setPaused(name: string, paused: boolean): Promise<boolean> {
    const { schedules, ticker } = this.store.opened;
    await schedules.refresh();
    const schedule = await schedules.definition(name);
    if (!schedule) return false;
    // A store that is full or away in between leaves it paused: so does a tick that comes before the note is gone.
    if (paused) await schedules.setPaused(name, true);
    await ticker.arrange(schedule, paused);
    if (!paused) await schedules.setPaused(name, false);
    return true;
  }

  /** The ticks go on as they are. */
  async trigger(name: string, own?: string): Promise<Triggered | null> {
    const { schedules, adder } = this.store.opened;
    await schedules.refresh();
    const schedule = await schedules.definition(name);
    if (!schedule) return null;
    const id = own ?? this.context.newId();
    const now = wallTime();
    const [answer] = await adder.add([taskOfRun(schedule, id, now, now, own !== undefined)]);
    const enqueued = answer === 'stored';
    if (enqueued) await schedules.noteRuns(name, [{ id, at: now }], null);
    return { id: typeof answer === 'object' ? answer.holder : id, enqueued };
  }
}
