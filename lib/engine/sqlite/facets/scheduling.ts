import type { Schedule, ScheduleStatus } from '../../../contract/index.js';
import { openTicks, taskOfRun, tickBefore } from '../../common/index.js';
import type { EngineContext, Scheduling, Triggered } from '../../port/index.js';
import { insertTasks } from '../sql/insert-tasks.js';
import {
  allSchedules,
  deleteSchedule,
  getSchedule,
  noteTrigger,
  planSchedule,
  saveSchedule,
  setSchedulePaused,
} from '../sql/schedule-rows.js';
import type { Transaction } from '../store/transaction.js';
import type { SqliteStore } from '../sqlite-store.js';

/** A process ticks the schedules once it works on a queue or has written one; a panel does not. */
export class SqliteScheduling implements Scheduling {
  constructor(
    private readonly store: SqliteStore,
    private readonly context: Pick<EngineContext, 'clock' | 'nextRun' | 'newId'>,
  ) {}

  async save(schedule: Schedule): Promise<void> {
    const { writer, ticker } = this.store.opened;
    const next = this.context.nextRun(schedule, this.context.clock.now());
    await writer.write((transaction) => {
      saveSchedule(transaction, schedule, next);
      this.plan(transaction, schedule.name);
    });
    ticker.start();
    ticker.expect(this.context.clock.now());
  }

  /** A tick that an earlier process planned with its clock ahead is not waited for. */
  private plan(transaction: Transaction, name: string): void {
    const row = getSchedule(transaction.database, name)!;
    const tick = tickBefore(row, this.context.clock.now(), this.context.nextRun);
    if (tick !== null) planSchedule(transaction, row, tick);
  }

  async remove(name: string): Promise<boolean> {
    return this.store.opened.writer.write((transaction) => deleteSchedule(transaction, name));
  }

  async all(): Promise<readonly ScheduleStatus[]> {
    return this.store.opened.connection.read(allSchedules);
  }

  async setPaused(name: string, paused: boolean): Promise<boolean> {
    const { writer, ticker } = this.store.opened;
    const found = await writer.write((transaction) => {
      const schedule = getSchedule(transaction.database, name);
      if (!schedule) return false;
      const next = openTicks(schedule.record, this.context.nextRun)(schedule, this.context.clock.now());
      return setSchedulePaused(transaction, name, paused, next);
    });
    ticker.expect(this.context.clock.now());
    return found;
  }

  /** The ticks go on as they are. */
  async trigger(name: string, own?: string): Promise<Triggered | null> {
    return this.store.opened.writer.write((transaction) => {
      const schedule = getSchedule(transaction.database, name);
      if (!schedule) return null;
      const now = this.context.clock.now();
      const id = own ?? this.context.newId();
      const [answer] = insertTasks(transaction, [taskOfRun(schedule, id, now, now, own !== undefined)], now);
      if (answer === 'existing') return { id, enqueued: false };
      // Where another task holds the key of this one, that is the run.
      const run = typeof answer === 'object' ? answer.holder : id;
      noteTrigger(transaction, schedule, now, run);
      return { id: run, enqueued: answer === 'stored' };
    });
  }
}
