import { listOf, plural } from '../../../errors/index.js';
import type { WorkerRecord } from '../statements/worker-rows.js';
import type { Part, WrongCount } from './check-rows.js';

export type FindingKind =
  | 'damaged-file'
  | 'newer-schema'
  | 'older-schema'
  | 'unknown-state'
  | 'orphaned-task'
  | 'broken-lease'
  | 'stray-rows'
  | 'wrong-counter';

/** Something about a store that should not be so. */
export interface Finding {
  readonly kind: FindingKind;
  /** What was found and what it means, in sentences. */
  readonly message: string;
  /** Whether {@link repairStore} can put it right. */
  readonly repairable: boolean;
}

export function damagedFile(damage: string): Finding {
  return {
    kind: 'damaged-file',
    repairable: false,
    message: `SQLite finds the file damaged: ${damage}. Tasks may be missing or unreadable; restore a backup.`,
  };
}

export function newerSchema(migrations: readonly string[]): Finding {
  return {
    kind: 'newer-schema',
    repairable: false,
    message:
      `The tables were written by a newer version of nestjs-tasks: they have ${listOf(migrations)}, which this version ` +
      'does not know. Its rows were not checked; use the version that the app uses.',
  };
}

export function olderSchema(migrations: readonly string[]): Finding {
  return {
    kind: 'older-schema',
    repairable: true,
    message:
      `The tables are of an older version of nestjs-tasks: ${listOf(migrations)} did not run yet. An app runs what is ` +
      'missing when it starts, and so does "nestjs-tasks schema". Its rows were not checked.',
  };
}

export function unknownState(state: string, tasks: number): Finding {
  return {
    kind: 'unknown-state',
    repairable: false,
    message:
      `${plural(tasks, 'task')} in the state "${state}", which there is not: something else than nestjs-tasks wrote to ` +
      'the table. Such tasks never run and are never pruned; set them to a state that docs/model.md names.',
  };
}

/** @param worker null where it is not registered */
export function orphanedTask(id: string, worker: WorkerRecord | null, tasks: number): Finding {
  const holder = worker ? `process ${worker.pid} on ${worker.host} (worker ${id})` : `worker ${id}`;
  return {
    kind: 'orphaned-task',
    repairable: true,
    message:
      `${plural(tasks, 'task')} running by ${holder}, which is gone: nobody works on them. An app that runs hands them ` +
      'back within seconds, and one that does not when it starts.',
  };
}

export function brokenLease(tasks: number): Finding {
  return {
    kind: 'broken-lease',
    repairable: true,
    message:
      `${plural(tasks, 'task')} running without a worker or a start, or with an attempt that has already ended: something ` +
      'else than nestjs-tasks set their state. Nobody works on them, and no app can hand them back.',
  };
}

export function strayRows(part: Part, rows: number): Finding {
  const what = part === 'tasks_attempt' ? 'attempt' : 'log line';
  return {
    kind: 'stray-rows',
    repairable: true,
    message:
      `${part} has ${plural(rows, what)} of tasks that there are not: tasks were deleted by something else than nestjs-tasks. ` +
      'They take room and would be shown with a new task of the same number.',
  };
}

export function wrongCounter({ queue, state, tasks, counter }: WrongCount): Finding {
  return {
    kind: 'wrong-counter',
    repairable: true,
    message:
      `Queue "${queue}" has ${plural(tasks, 'task')} ${state}, but its counter says ${counter}: the panel and stats() ` +
      'show a wrong number. No task is lost by that.',
  };
}
