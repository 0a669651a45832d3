import type { TaskTraits } from '../../../contract/index.js';
import type { NewTask } from '../../port/index.js';
import type { ClaimedTask } from '../sql/claim-tasks.js';

/** A claimed task without names of fields; its queue and worker are those of its delivery. */
export type FlatTask = readonly [
  seq: number,
  id: string,
  name: string,
  params: string,
  priority: number,
  runAt: number,
  createdAt: number,
  maxAttempts: number | null,
  settings: string | null,
  /** Most have none. */
  sensitive: readonly string[] | 0,
  attempt: number,
  excusedAttempts: number,
  /** Few have any. */
  traits: TaskTraits | 0,
];

export function flatTask(task: ClaimedTask): FlatTask {
  return [
    task.seq,
    task.id,
    task.name,
    task.params,
    task.priority,
    task.runAt,
    task.createdAt,
    task.maxAttempts,
    task.settings,
    task.sensitive.length === 0 ? 0 : task.sensitive,
    task.attempt,
    task.excusedAttempts,
    task.traits ?? 0,
  ];
}

export function unflatTask(flat: FlatTask, queue: string, worker: string): ClaimedTask {
  const [
    seq,
    id,
    name,
    params,
    priority,
    runAt,
    createdAt,
    maxAttempts,
    settings,
    sensitive,
    attempt,
    excused,
    traits,
  ] = flat;
  return {
    seq,
    worker,
    id,
    queue,
    name,
    params,
    priority,
    runAt,
    createdAt,
    maxAttempts,
    settings,
    sensitive: sensitive === 0 ? [] : sensitive,
    attempt,
    excusedAttempts: excused,
    ...(traits !== 0 && { traits }),
  };
}

/** A new task without names of fields. */
export type FlatNewTask = readonly [
  id: string,
  queue: string,
  name: string,
  params: string,
  priority: number,
  runAt: number,
  createdAt: number,
  maxAttempts: number | null,
  settings: string | null,
  /** Most have none. */
  sensitive: readonly string[] | 0,
  parentId: string | null,
  mayExist: boolean,
  /** Few have any. */
  traits: TaskTraits | 0,
];

export function flatNewTask(task: NewTask): FlatNewTask {
  return [
    task.id,
    task.queue,
    task.name,
    task.params,
    task.priority,
    task.runAt,
    task.createdAt,
    task.maxAttempts,
    task.settings,
    task.sensitive.length === 0 ? 0 : task.sensitive,
    task.parentId ?? null,
    task.mayExist ?? false,
    task.traits ?? 0,
  ];
}

export function unflatNewTask(flat: FlatNewTask): NewTask {
  const [
    id,
    queue,
    name,
    params,
    priority,
    runAt,
    createdAt,
    maxAttempts,
    settings,
    sensitive,
    parentId,
    mayExist,
    traits,
  ] = flat;
  return {
    id,
    queue,
    name,
    params,
    priority,
    runAt,
    createdAt,
    maxAttempts,
    settings,
    sensitive: sensitive === 0 ? [] : sensitive,
    parentId,
    mayExist,
    ...(traits !== 0 && { traits }),
  };
}
