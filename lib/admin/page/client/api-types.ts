import type { QueueStats } from '../../../dispatcher/task-dispatcher.types.js';
import type { CronSchedule } from '../../../cron/cron-schedules.types.js';
import type { EngineCapabilities, Task, TaskState } from '../../../engine/index.js';

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

export interface CronRun {
  readonly id: string;
  readonly state: TaskState;
  readonly runAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
}

export type Cron = CronSchedule & {
  /** Newest first; 5 at most. */
  readonly lastRuns?: readonly CronRun[];
};

/** Failed tasks of one name whose errors say the same but for numbers and ids. */
export interface ErrorGroup {
  readonly key: string;
  /** Of the task. */
  readonly name: string;
  readonly error: { readonly name: string; readonly message: string };
  readonly queues: readonly string[];
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly sampleId: string;
  /** Failures by the hour; the last is the current one. */
  readonly points: readonly number[];
}

export interface ErrorGroups {
  readonly items: readonly ErrorGroup[];
  /** Failed tasks that were looked at. */
  readonly looked: number;
  /** False: there are older ones, which were not. */
  readonly complete: boolean;
}

export interface RunningTask {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  readonly attempt: number;
  readonly startedAt: number;
}

export interface Worker {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: number;
  /** Queue to number of workers. */
  readonly queues: Readonly<Record<string, number>>;
  /** At most 100. */
  readonly running: readonly RunningTask[];
  /** The process that answers. */
  readonly self: boolean;
}

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

export interface Engine {
  readonly kind: string;
  readonly capabilities: EngineCapabilities & {
    /** Whether lists can be had oldest first. */
    readonly order?: boolean;
  };
  readonly readOnly: boolean;
  readonly version: string;
}

export interface Outbox {
  readonly enabled: boolean;
  readonly queues: ReadonlyArray<{
    readonly queue: string;
    readonly waiting: number;
    readonly oldestAt: number | null;
  }>;
}
