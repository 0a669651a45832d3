import type { ResultOptions } from '../awaiting/index.js';
import type { EntityManager } from 'typeorm';
import type { Duration, NodeCondition, TaskKey, TaskTags } from '../contract/index.js';
import type { StoredTaskSettings } from '../config/index.js';
import type { UniquenessOptions } from '../uniqueness/index.js';
import type { StartOptions, WorkflowOptions } from '../workflows/index.js';

export interface QueueTaskOptions extends StoredTaskSettings, UniquenessOptions {
  /** Enqueue within this transaction: the task is there if and only if it commits. */
  manager?: EntityManager;
  /**
   * Version of the params, for a process that has no handler of the task: which version its params are is the handler's to
   * say elsewhere.
   * @default that of the handler, or 1
   */
  version?: number;
  /**
   * Cancelled unless it has started by then: from now, or a date. It must come after `delay` or `runAt`.
   * @default it waits for as long as it takes
   */
  expires?: Duration | Date;
  /**
   * Failed with a `DeadlineError` unless it has ended by then, retries and waits included: from now, or a date.
   * @default there is none
   */
  deadline?: Duration | Date;
  /**
   * The task's id, in the place of one that is made for it: 1 to 255 characters. A task that has it is stored once as long as
   * it is kept: where it is there already, whatever has become of it, that one is left as it is and comes back.
   */
  id?: string;
  /**
   * On a queue that has `key` or `fair`: whose slots the task shares, in the place of what its handler says; a text of 1 to 255
   * characters, or a function of the params as they are stored.
   *
   * On any other queue, in a handler: makes the id from that of the task that runs and this text, `<id>/<key>`, so that a retry
   * does not enqueue the follow-up task again.
   */
  // Which params they are, the task's name says.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  key?: TaskKey<any>;
  /**
   * Names with values by which the task is found and acted on, such as `{ customer: '42' }`: at most 10, of 1 to 128
   * characters each, and a name has no colon.
   */
  tags?: TaskTags;
  /**
   * In a handler: `completion` stores the task by the commit that ends this attempt as completed, or not at all where it ends
   * in any other way. An engine that cannot refuses it.
   */
  with?: 'completion';
}

/** Options of the tasks of a workflow's node. */
export type WorkflowTaskOptions = Omit<
  QueueTaskOptions,
  'id' | 'manager' | 'with' | 'unique' | 'debounce' | 'throttle' | 'coalesce'
>;

/** Options of `batch`. */
export interface BatchOptions extends WorkflowOptions, StartOptions {
  /** The task that waits for all of them: its queue, name and params. */
  then?: readonly [queue: string, name: string, params: object, options?: WorkflowTaskOptions];
  /**
   * How the tasks must have ended for that one, as in `NodeOptions`.
   * @default 'completed'
   */
  when?: NodeCondition;
  /** Settings of the tasks of the rows. */
  options?: WorkflowTaskOptions;
}

/** Options of `task.add`. */
export interface AddTaskOptions extends Omit<
  QueueTaskWhenOptions,
  'id' | 'key' | 'manager' | 'with' | keyof UniquenessOptions
> {
  /**
   * Tells apart what one task adds: 1 to 255 characters. A task that is added again under it, in a later attempt, is left as it
   * is.
   * @default the task's name and how often that was added before in the attempt
   */
  key?: string;
}

export interface QueueTaskWhenOptions extends QueueTaskOptions {
  /** Earliest start, from now. */
  delay?: Duration;
  /** Earliest start: a date or UTC milliseconds. Instead of `delay`. */
  runAt?: Date | number;
}

/** Options of `run`: those of `queue`, and how the result is waited for. `timeout` is that of the waiting. */
export interface RunTaskOptions extends Omit<QueueTaskWhenOptions, 'manager' | 'timeout'>, ResultOptions {}

/** A row of `queueMany` that has a name or options of its own. */
export interface TaskToQueue {
  /** Name of the task. It may be left out where `params` is an instance of the params class of one handler. */
  name?: string;
  params: object;
  /** Over those of the call; a `delay` or `runAt` takes the place of the call's. */
  options?: Omit<QueueTaskWhenOptions, 'manager' | 'with'>;
}

/** One task that a caller asks for. */
export interface TaskRow {
  /** Null where the class of `params` tells it. */
  readonly name: string | null;
  readonly params: object;
  /** Options of this row alone, over those of the call. */
  readonly options?: TaskToQueue['options'];
}
