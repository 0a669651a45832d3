import type { EngineContext, Schedule, ScheduleStatus } from '../task-engine.js';
import { taskOf } from '../ticks.js';
import type { Connection } from './connection.js';
import { Ticker } from './duties/ticker.js';
import { insertTasks } from './statements/insert-tasks.js';
import {
  allSchedules,
  deleteSchedule,
  getSchedule,
  noteTrigger,
  saveSchedule,
  setSchedulePaused,
} from './statements/schedule-rows.js';
import type { Committed } from './transaction.js';
import type { Writer } from './writer.js';

/** The cron schedules of the store. A process ticks them once it works on a queue or has written one; a panel does not. */
export class ScheduleBook {
  private readonly ticker: Ticker;

  constructor(
    private readonly context: EngineContext,
    private readonly connection: Connection,
    private readonly writer: Writer,
  ) {
    this.ticker = new Ticker(context, connection, writer);
  }

  /** Ticks from now on; among the schedules are those that an earlier process added at run time. */
  start(): void {
    this.ticker.start();
  }

  async save(schedule: Schedule): Promise<void> {
    const next = this.context.nextRun(schedule, this.context.clock.now());
    await this.writer.write((transaction) => saveSchedule(transaction, schedule, next));
    this.ticker.start();
  }

  remove(name: string): Promise<boolean> {
    return this.writer.write((transaction) => deleteSchedule(transaction, name));
  }

  all(): Promise<ScheduleStatus[]> {
    return this.connection.read(allSchedules);
  }

  setPaused(name: string, paused: boolean): Promise<boolean> {
    return this.writer.write((transaction) => {
      const schedule = getSchedule(transaction.database, name);
      if (!schedule) return false;
      const next = this.context.nextRun(schedule, this.context.clock.now());
      return setSchedulePaused(transaction, name, paused, next);
    });
  }

  /** Enqueues a run now; the ticks go on as they are. */
  trigger(name: string): Promise<string | null> {
    return this.writer.write((transaction) => {
      const schedule = getSchedule(transaction.database, name);
      if (!schedule) return null;
      const now = this.context.clock.now();
      const id = this.context.newId();
      insertTasks(transaction, [taskOf(schedule, id, now, now)], now);
      noteTrigger(transaction, schedule, now, id);
      return id;
    });
  }

  afterCommit({ schedules }: Committed): void {
    if (schedules) this.ticker.expect(this.context.clock.now());
  }

  afterForeignCommit(): void {
    this.ticker.expect(this.context.clock.now());
  }

  async close(): Promise<void> {
    await this.ticker.stop();
  }
}
