import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { TaskState } from '../../../../contract/index.js';

/** One task is one row. Columns hold what `Task` describes; times are UTC milliseconds. */
@Entity({ name: 'tasks_task', synchronize: false })
export class TaskEntity {
  /** Order of arrival; stays inside the store. */
  @PrimaryColumn({ name: 'seq', type: 'integer' })
  seq!: number;

  @Column({ name: 'id', type: 'text' })
  id!: string;

  @Column({ name: 'queue', type: 'text' })
  queue!: string;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  @Column({ name: 'state', type: 'text' })
  state!: TaskState;

  @Column({ name: 'priority', type: 'integer', default: 0 })
  priority!: number;

  /** Raised by each claim. */
  @Column({ name: 'attempt', type: 'integer', default: 0 })
  attempt!: number;

  /** Attempts that do not count against the retries. */
  @Column({ name: 'excused', type: 'integer', default: 0 })
  excused!: number;

  /** Attempts in a row that ended with the death of their process. */
  @Column({ name: 'lost', type: 'integer', default: 0 })
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
  @Column({ name: 'worker', type: 'text', nullable: true })
  worker!: string | null;

  @Column({ name: 'cancel_requested', type: 'integer', default: 0 })
  cancelRequested!: number;

  /** JSON of a `TaskProgress`. */
  @Column({ name: 'progress', type: 'text', nullable: true })
  progress!: string | null;

  /** JSON of the settings given for this one task. */
  @Column({ name: 'settings', type: 'text', nullable: true })
  settings!: string | null;

  /** JSON array of the paths in `params` that are never shown. */
  @Column({ name: 'sensitive', type: 'text', nullable: true })
  sensitive!: string | null;

  /** Id of the task whose handler enqueued it. */
  @Column({ name: 'parent_id', type: 'text', nullable: true })
  parentId!: string | null;

  /** JSON. Last, so that reading the columns before it does not walk a large value's overflow pages. */
  @Column({ name: 'params', type: 'text' })
  params!: string;

  /** When a process first left it to others, as it knew no handler of that name; null where none has, or one has run it since. */
  @Column({ name: 'unhandled_since', type: 'integer', nullable: true })
  unhandledSince!: number | null;

  /** Key of the group of errors that a failed task belongs to; null for all others. */
  @Column({ name: 'error_group', type: 'text', nullable: true })
  errorGroup!: string | null;

  /** JSON of what few tasks have, a `TaskTraits`; null for all others. */
  @Column({ name: 'traits', type: 'text', nullable: true })
  traits!: string | null;

  /** 1 where another table has rows of this task, which go with it; set by whoever adds the first. */
  @Column({ name: 'beside', type: 'integer', nullable: true })
  beside!: number | null;

  /** Whose slots it shares with others, empty where nobody's but in turn with others; null for a plain task. */
  @Column({ name: 'key', type: 'text', nullable: true })
  key!: string | null;

  /** Its place among those of its priority that are available; null where they go by their arrival. */
  @Column({ name: 'turn', type: 'real', nullable: true })
  turn!: number | null;

  /** What keeps it from being claimed while it is available: `limit:` or `pause:` and which one; null for all others. */
  @Column({ name: 'parked', type: 'text', nullable: true })
  parked!: string | null;
}
