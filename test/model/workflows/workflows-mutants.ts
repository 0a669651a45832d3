import { NODE_HAS_ANOTHER } from '../../../lib/engine/sqlite/sql/add-to-node.js';
import { COUNT_ON_NODE } from '../../../lib/engine/sqlite/sql/count-ended.js';
import {
  OVERDUE_WORKFLOW,
  UNANSWERED_NODE,
  WORKFLOW_LIVES_AGAIN,
} from '../../../lib/engine/sqlite/sql/end-workflows.js';
import { COUNT_ON_CHILD, EDGES_TO_FOLLOW } from '../../../lib/engine/sqlite/sql/follow-edges.js';
import { CANCEL_WORKFLOW, NODES_TO_RETRY } from '../../../lib/engine/sqlite/sql/steer-workflows.js';
import { NOTE_CAUSE, RELEASE_BLOCKED_TASK, REVIVE_TASK } from '../../../lib/engine/sqlite/sql/work-on-nodes.js';
import { MINUTE } from '../../conformance/harness.js';
import type { Alteration } from '../../support/alterations.js';
import { alterer } from '../../support/mutant-statements.js';

/** An engine that breaks one rule of workflows. */
export interface WorkflowMutant {
  readonly name: string;
  /** Makes the fault; it lasts until `vi.restoreAllMocks()`. */
  make(): void;
}

/** Those that are looked for in each run: the first few histories show each. */
export const WORKFLOW_MUTANTS: readonly WorkflowMutant[] = [
  // An end that does not reach what waits for it: it is blocked for ever.
  inSql('tells nobody that a node has ended', [COUNT_ON_CHILD, 'waits - ?', 'waits - 0 * ?']),
  // The default condition, and the one for compensation.
  inSql('runs what waits for a node that failed', [COUNT_ON_CHILD, 'unmet + ?', 'unmet + 0 * ?']),
  inSql('does not know that a node has failed', [COUNT_ON_CHILD, 'broken + ?', 'broken + 0 * ?']),
  // Cancelled in name alone: what it began runs on.
  inSql('cancels no task of a workflow that somebody cancels', [CANCEL_WORKFLOW, 'walk = 0', 'walk = walk']),
];

/** Those that fewer histories show: they are looked for where a run is to be thorough. */
export const RARE_WORKFLOW_MUTANTS: readonly WorkflowMutant[] = [
  // Of several that wait for a node, one is left out.
  inSql('tells all but one that a node has ended', [
    EDGES_TO_FOLLOW,
    'child > after',
    'child > after AND child % 5 > 0',
  ]),
  // A node of several tasks: it has failed where one has, and not before all have ended.
  inSql('takes a node for completed of which a task has failed', [COUNT_ON_NODE, 'failed + ?', 'failed + 0 * ?']),
  inSql('ends a node with the first of its tasks', [COUNT_ON_NODE, 'open = open - ?', 'open = max(open - 3 * ?, 0)']),
  // Whoever waits for a task waits for what it added.
  inSql('does not wait for what a task has added', [NODE_HAS_ANOTHER, 'open + 1', 'open']),
  // How a workflow has ended: what was answered does not count, nor what could not run.
  inSql('fails though a failure was answered', [
    UNANSWERED_NODE,
    `answer.state = 'completed'`,
    `answer.state = 'failed'`,
  ]),
  inSql('is cancelled because of a node that could not run', [UNANSWERED_NODE, `node.reason IS NOT 'condition'`, '1']),
  inSql('is cancelled by its deadline, and has not failed', [
    OVERDUE_WORKFLOW,
    `ending = 'deadline'`,
    `ending = 'cancelled'`,
  ]),
  // A delay counts from when the node may run.
  inSql('runs a node without its delay', [RELEASE_BLOCKED_TASK, 'run_at = ?', `run_at = ? - ${5 * MINUTE}`]),
  // Because of whom a task was cancelled says whether it lives again.
  inSql('leaves cancelled what was so because of another node', [
    NOTE_CAUSE,
    `'$.reason', 'condition'`,
    `'$.reason', 'cancelled'`,
  ]),
  inSql('runs what is revived before its condition holds', [REVIVE_TASK, `state = 'blocked'`, `state = 'available'`]),
  inSql('retries what a person has cancelled', [NODES_TO_RETRY, `reason = 'deadline'`, `reason IS NOT 'condition'`]),
  // A retry after the end: nothing would begin any more.
  inSql('goes on ending a workflow that is retried', [WORKFLOW_LIVES_AGAIN, 'ending = NULL', 'ending = ending']),
];

function inSql(name: string, ...alterations: readonly Alteration[]): WorkflowMutant {
  return { name, make: alterer(alterations) };
}
