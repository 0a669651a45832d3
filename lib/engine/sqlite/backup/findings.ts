import { listOf, plural, type UnhandledKind } from '../../../contract/index.js';
import type { WorkerRecord } from '../sql/worker-rows.js';
import type { IdleHeld } from './check-held.js';
import type { StuckSuspended } from './check-suspended.js';
import type { BesideFaults } from './check-beside.js';
import type { ParkedFaults } from './check-parked.js';
import type { Part, WrongCount } from './check-rows.js';

export type FindingKind =
  | 'damaged-file'
  | 'long-log'
  | 'newer-schema'
  | 'older-schema'
  | 'unknown-state'
  | 'orphaned-task'
  | 'broken-lease'
  | 'stray-rows'
  | 'unmarked-task'
  | 'broken-traits'
  | 'wrong-tags'
  | 'unlisted-time'
  | 'broken-workflow'
  | 'idle-held'
  | 'stuck-suspended'
  | 'forgotten-task'
  | 'stray-places'
  | 'broken-pause'
  | 'missing-key'
  | 'unhandled'
  | 'wrong-counter';

/** Something about a store that should not be so. */
export interface Finding {
  readonly kind: FindingKind;
  /** The finding and its meaning, in sentences. */
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

/** @param bytes of the log */
export function longLog(file: string, bytes: number): Finding {
  return {
    kind: 'long-log',
    repairable: false,
    message:
      `The log ${file}-wal has grown to ${Math.round(bytes / 1024 ** 2)} MiB: somebody has been reading in one transaction ` +
      'since it was shorter, and keeps it from beginning anew. Look for a backup, a report or a shell that has the file ' +
      "open, and for an app's transaction that was never ended. Nothing is lost; the disk fills up.",
  };
}

export function unhandledKind({ queue, name, since, tasks }: UnhandledKind): Finding {
  return {
    kind: 'unhandled',
    repairable: false,
    message:
      `Nobody handles "${name}": ${plural(tasks, 'task')} of queue "${queue}" left by each process that came by, the first since ` +
      `${new Date(since).toISOString()}. Start a process that has its handler, or name it in a handler's "aliases".`,
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

export function idleHeldTasks({ queue, key, tasks }: IdleHeld): Finding {
  const whose = key === null ? 'without a key' : 'of a key that has a slot free';
  return {
    kind: 'idle-held',
    repairable: true,
    message:
      `${plural(tasks, 'task')} of queue "${queue}" held ${whose}: something else than nestjs-tasks set their state, or took away ` +
      'those that they waited for. They wait until another task of their key ends.',
  };
}

export function stuckSuspendedTasks({ waitless, unwatched, answered }: StuckSuspended): Finding[] {
  const found = (count: number, why: string): Finding[] =>
    count === 0
      ? []
      : [
          {
            kind: 'stuck-suspended',
            repairable: true,
            message:
              `${plural(count, 'task')} suspended ${why}: something else than nestjs-tasks changed their rows. Nothing has them go ` +
              'on. A repair has their handlers called again, which wait anew where nothing has come.',
          },
        ];
  return [
    ...found(waitless, 'without anything that they wait for'),
    ...found(unwatched, 'until a time that tasks_lapse does not list'),
    ...found(answered, 'for a signal that was sent, or a task that has ended or is gone'),
  ];
}

export function parkedFindings({ forgotten, places, pauses }: ParkedFaults): Finding[] {
  const found: Finding[] = forgotten.map(({ queue, tasks }) => ({
    kind: 'forgotten-task',
    repairable: true,
    message:
      `${plural(tasks, 'task')} of queue "${queue}" kept from starting by a pause or a limit that there is not: something else ` +
      'than nestjs-tasks set that, or took the pause or the limit away. No worker looks at them.',
  }));
  if (places > 0) {
    found.push({
      kind: 'stray-places',
      repairable: true,
      message:
        `tasks_start has ${plural(places, 'place')} of rate limits lent to attempts that there are not: tasks were changed by ` +
        'something else than nestjs-tasks. Others start later for it, until the span of the limit is over.',
    });
  }
  if (pauses > 0) {
    found.push({
      kind: 'broken-pause',
      repairable: true,
      message:
        `tasks_pause has ${plural(pauses, 'pause')} that cannot be read: something else than nestjs-tasks wrote there. No process ` +
        'takes a task while they stand.',
    });
  }
  return found;
}

export function brokenWorkflow(message: string): Finding {
  return { kind: 'broken-workflow', repairable: true, message };
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

/** What is wrong with the facts that few tasks have. */
export function besideFindings({ stray, unmarked, broken, differing, untimed, keyless }: BesideFaults): Finding[] {
  const found = (kind: FindingKind, count: number, message: string): Finding[] =>
    count === 0 ? [] : [{ kind, repairable: true, message }];
  return [
    ...stray.flatMap(({ table, rows }) =>
      found(
        'stray-rows',
        rows,
        `${table} has ${plural(rows, 'row')} of tasks that there are not: tasks were deleted by something else than ` +
          'nestjs-tasks. They take room and would be taken for those of a new task of the same number.',
      ),
    ),
    ...found(
      'unmarked-task',
      unmarked,
      `${plural(unmarked, 'task')} with rows in other tables that the task does not know of: they would stay behind when ` +
        'the task is deleted.',
    ),
    ...found(
      'broken-traits',
      broken,
      `${plural(broken, 'task')} whose tags, times and version (the column "traits") are no JSON: they run as if they had ` +
        'none. A repair takes the tags from where tasks are looked up by them; the rest is lost.',
    ),
    ...found(
      'wrong-tags',
      differing,
      `${plural(differing, 'tag')} that a task has and tasks_tag has not, or the other way round: a list by that tag leaves ` +
        'the task out, or has one too many.',
    ),
    ...found(
      'unlisted-time',
      untimed,
      `${plural(untimed, 'task')} whose ids do not tell when they were enqueued and that tasks_own_id does not list: a list ` +
        'of a span of time leaves them out.',
    ),
    ...found(
      'missing-key',
      keyless,
      `${plural(keyless, 'task')} that hold a unique key until they have ended, of which tasks_unique knows nothing: a second ` +
        'task of the same key could be enqueued beside them.',
    ),
  ];
}
