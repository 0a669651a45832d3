import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { CatchUp } from '../../task-engine.js';

/** A cron schedule; what its columns mean stands at `Schedule` in `../../task-engine.ts`. */
@Entity({ name: 'tasks_schedule', synchronize: false })
export class ScheduleEntity {
  @PrimaryColumn({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  expression!: string;

  @Column({ name: 'time_zone', type: 'text', nullable: true })
  timeZone!: string | null;

  @Column({ name: 'utc_offset', type: 'integer', nullable: true })
  utcOffset!: number | null;

  @Column({ type: 'text' })
  queue!: string;

  @Column({ type: 'text' })
  task!: string;

  @Column({ type: 'text' })
  params!: string;

  @Column({ type: 'integer' })
  priority!: number;

  @Column({ name: 'max_attempts', type: 'integer', nullable: true })
  maxAttempts!: number | null;

  @Column({ type: 'text', nullable: true })
  settings!: string | null;

  @Column({ name: 'catch_up', type: 'text' })
  catchUp!: CatchUp;

  @Column({ type: 'integer', nullable: true })
  threshold!: number | null;

  @Column({ type: 'integer' })
  overlap!: number;

  @Column({ type: 'integer' })
  disabled!: number;

  @Column({ type: 'text' })
  source!: 'code' | 'runtime';

  @Column({ type: 'integer', default: 0 })
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
}
