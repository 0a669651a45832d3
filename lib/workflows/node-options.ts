import { checkOwnId, parseDuration, shownValue } from '../checks/index.js';
import { type Duration, NODE_CONDITIONS, type NodeCondition } from '../contract/index.js';
import type { NodeRef } from './node-ref.js';

/** How a node stands to others of its workflow. */
export interface NodeOptions {
  /**
   * What it waits for: one or more nodes of the same workflow, as `add` and `each` gave them, or their names.
   * @default nothing: it may run at once
   */
  after?: NodeRef | string | ReadonlyArray<NodeRef | string>;
  /**
   * How those must have ended. `completed`: all of them; where one has not, the node is cancelled; `failed`: at least one has
   * failed, once all have ended; `ended`: in whatever way.
   * @default 'completed'
   */
  when?: NodeCondition;
  /**
   * Its name in the workflow, by which results are asked for and `retryWorkflow` begins: 1 to 255 characters.
   * @default the name of its tasks
   */
  as?: string;
  /** From when it may run to its earliest start. */
  delay?: Duration;
}

export interface CheckedNodeOptions {
  readonly after: ReadonlyArray<NodeRef | string>;
  readonly when: NodeCondition;
  readonly name: string;
  readonly delay: number;
  /** The rest: settings of its tasks. */
  readonly task: object;
}

/** Options of tasks that a node of a workflow has in another way. */
const REFUSED: Readonly<Record<string, string>> = {
  id: 'its tasks are known by the workflow: leave it out, and find them by tags',
  manager: 'give it to start(), for the whole workflow',
  with: 'a workflow is stored as a whole by start()',
  runAt: 'give "delay", which counts from when it may run',
  unique: 'the workflow says how often its tasks are there',
  debounce: 'the workflow says how often its tasks are there',
  throttle: 'the workflow says how often its tasks are there',
  coalesce: 'the workflow says how often its tasks are there',
};

/**
 * @param task name of its tasks
 * @param fail makes the error, of what is wrong
 * @throws InvalidArgumentError for a wrong delay or name
 */
export function checkNodeOptions(options: object, task: string, fail: (problem: string) => Error): CheckedNodeOptions {
  const { after, when = 'completed', as, delay, ...rest } = options as NodeOptions;
  for (const option of Object.keys(rest)) {
    const why = REFUSED[option];
    if (why !== undefined) throw fail(`has no "${option}": ${why}`);
  }
  if (!NODE_CONDITIONS.includes(when)) {
    throw fail(`must have "completed", "failed" or "ended" as its "when", not ${shownValue(when)}`);
  }
  const list = after === undefined ? [] : Array.isArray(after) ? (after as ReadonlyArray<NodeRef | string>) : [after];
  if (when !== 'completed' && list.length === 0) throw fail(`waits for nothing: give "after" beside "when"`);
  return {
    after: list as ReadonlyArray<NodeRef | string>,
    when,
    name: as === undefined ? task : checkOwnId(as, 'as'),
    delay: delay === undefined ? 0 : parseDuration(delay, 'delay'),
    task: rest,
  };
}
