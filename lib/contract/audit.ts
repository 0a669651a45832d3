import type { TaskAction } from './task-actions.js';

/** A change that somebody made through the panel. */
export type AuditAction =
  | TaskAction
  | 'enqueue'
  | 'update'
  | 'signal'
  | 'cancel-workflow'
  | 'retry-workflow'
  | 'pause-queue'
  | 'resume-queue'
  | 'set-queue'
  | 'pause-tasks'
  | 'resume-tasks'
  | 'trigger-cron'
  | 'pause-cron'
  | 'resume-cron';

/** Entries of the audit record that are kept: the newest. */
export const MAX_AUDIT_ENTRIES = 10_000;

/** One change that somebody made. */
export interface AuditEntry {
  readonly at: number;
  /** Null where the app does not tell who it was. */
  readonly who: string | null;
  readonly action: AuditAction;
  /** Id of a task, name of a queue or a schedule, or the ids or the filter of many tasks as text. */
  readonly target: string;
  /** How many tasks, queues or schedules. */
  readonly changed: number;
}

export interface AuditPage {
  /** The newest first. */
  readonly items: readonly AuditEntry[];
  readonly nextCursor: string | null;
}
