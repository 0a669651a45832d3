import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { TaskState } from '../../task.js';

/** One task is one row. Columns hold what `../../task.ts` describes; times are UTC milliseconds. */
@Entity({ name: 'tasks_task', synchronize: false })
export class TaskEntity {
  /** Order of arrival; stays inside the store. */
  @PrimaryColumn({ type: 'integer' })
  seq!: number;

  @Column({ type: 'text' })
  id!: string;

  @Column({ type: 'text' })
  queue!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  state!: TaskState;

  @Column({ type: 'integer', default: 0 })
  priority!: number;

  /** Raised by each claim. */
  @Column({ type: 'integer', default: 0 })
  attempt!: number;

  /** Attempts that do not count against the retries. */
  @Column({ type: 'integer', default: 0 })
  excused!: number;

  /** Attempts in a row that ended with the death of their process. */
  @Column({ type: 'integer', default: 0 })
  lost!: number;

  @Column({ name: 'max_attempts', type: 'integer', nullable: true })
  maxAttempts!: number | null;

  @Column({ name: 'run_at', type: 'integer' })
  runAt!: number;

  @Column({ name: 'created_at', type: 'integer' })
  createdAt!: number;

  @Column({ name: 'started_at', type: 'integer', nullable: true })
  startedAt!: number | null;

  @Column({ name: 'finished_at', type: 'integer', nullable: true })
  finishedAt!: number | null;

  /** When retention deletes it. */
  @Column({ name: 'expires_at', type: 'integer', nullable: true })
  expiresAt!: number | null;

  /** Id of the process that holds, or last held, its lease. */
  @Column({ type: 'text', nullable: true })
  worker!: string | null;

  @Column({ name: 'cancel_requested', type: 'integer', default: 0 })
  cancelRequested!: number;

  /** JSON of a `TaskProgress`. */
  @Column({ type: 'text', nullable: true })
  progress!: string | null;

  /** JSON of the settings given for this one task. */
  @Column({ type: 'text', nullable: true })
  settings!: string | null;

  /** JSON array of the paths in `params` that are never shown. */
  @Column({ type: 'text', nullable: true })
  sensitive!: string | null;

  /** Id of the task whose handler enqueued it. */
  @Column({ name: 'parent_id', type: 'text', nullable: true })
  parentId!: string | null;

  /** JSON. Last, so that reading the columns before it does not walk a large value's overflow pages. */
  @Column({ type: 'text' })
  params!: string;
}
