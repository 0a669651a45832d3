import type { QueueStats } from '../../../dispatcher/task-dispatcher.types.js';
import type { Task, TaskState } from '../../../engine/index.js';

export type { CronSchedule } from '../../../cron/cron-schedules.types.js';
export type { FailureGroup, FailureReport, RunningTask, WorkerStatus } from '../../../engine/index.js';
export type { EngineInfo } from '../../api/engine.controller.js';

/** What the API answers where the library has no type of its own for it. */

export type Queue = QueueStats & {
  /** Belongs to another program: it is shown, and never changed. */
  readonly foreign?: boolean;
};

export interface TaskLink {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly state: TaskState;
}

export type ShownTask = Task & {
  /** The task whose handler enqueued it. */
  readonly parentId?: string | null;
  /** What its handler enqueued; 50 at most. */
  readonly children?: readonly TaskLink[];
};

export type FieldType =
  'string' | 'number' | 'integer' | 'boolean' | 'date' | 'email' | 'url' | 'enum' | 'array' | 'object';

export interface ParamsField {
  readonly name: string;
  readonly type: FieldType;
  readonly required: boolean;
  readonly sensitive: boolean;
  readonly values?: readonly unknown[];
  readonly min?: number;
  readonly max?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly description?: string;
}

export interface Handler {
  readonly name: string;
  readonly queue: string | null;
  readonly kind: 'class' | 'method' | 'cron';
  /** Null: any object. */
  readonly params: { readonly fields: readonly ParamsField[] } | null;
}

export interface AuditEntry {
  readonly at: number;
  readonly who: string | null;
  readonly action: string;
  readonly target: string;
  readonly changed: number;
}

export interface AuditPage {
  readonly items: readonly AuditEntry[];
  readonly nextCursor: string | null;
}

export interface Outbox {
  readonly enabled: boolean;
  readonly queues: ReadonlyArray<{
    readonly queue: string;
    readonly waiting: number;
    readonly oldestAt: number | null;
  }>;
}
