import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { CatchUp } from '../../../../contract/index.js';

/** A cron schedule; `Schedule` says what its columns mean. */
@Entity({ name: 'tasks_schedule', synchronize: false })
export class ScheduleEntity {
  @PrimaryColumn({ name: 'name', type: 'text' })
  name!: string;

  @Column({ name: 'expression', type: 'text' })
  expression!: string;

  @Column({ name: 'time_zone', type: 'text', nullable: true })
  timeZone!: string | null;

  @Column({ name: 'utc_offset', type: 'integer', nullable: true })
  utcOffset!: number | null;

  @Column({ name: 'queue', type: 'text' })
  queue!: string;

  @Column({ name: 'task', type: 'text' })
  task!: string;

  @Column({ name: 'params', type: 'text' })
  params!: string;

  @Column({ name: 'priority', type: 'integer' })
  priority!: number;

  @Column({ name: 'max_attempts', type: 'integer', nullable: true })
  maxAttempts!: number | null;

  @Column({ name: 'settings', type: 'text', nullable: true })
  settings!: string | null;

  @Column({ name: 'catch_up', type: 'text' })
  catchUp!: CatchUp;

  @Column({ name: 'threshold', type: 'integer', nullable: true })
  threshold!: number | null;

  @Column({ name: 'overlap', type: 'integer' })
  overlap!: number;

  @Column({ name: 'disabled', type: 'integer' })
  disabled!: number;

  @Column({ name: 'source', type: 'text' })
  source!: 'code' | 'runtime';

  @Column({ name: 'paused', type: 'integer', default: 0 })
  paused!: number;

  @Column({ name: 'next_run_at', type: 'integer', nullable: true })
  nextRunAt!: number | null;

  @Column({ name: 'last_run_at', type: 'integer', nullable: true })
  lastRunAt!: number | null;

  @Column({ name: 'last_task_id', type: 'text', nullable: true })
  lastTaskId!: string | null;

  /** JSON array of the tasks of the last runs, the newest first. */
  @Column({ name: 'last_task_ids', type: 'text', default: '[]' })
  lastTaskIds!: string;

  /** JSON of what the tasks of its runs have beside the usual. */
  @Column({ name: 'traits', type: 'text', nullable: true })
  traits!: string | null;

  /** Every tick before this time was dealt with, save those in `passedOver`. */
  @Column({ name: 'ticked_until', type: 'integer', nullable: true })
  tickedUntil!: number | null;

  /** JSON array of spans whose ticks had no run, `[from, before]`; null where there are none. */
  @Column({ name: 'passed_over', type: 'text', nullable: true })
  passedOver!: string | null;
}
