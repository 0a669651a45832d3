import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { countEnded } from './count-ended.js';
import { countOnWorkflows, endDueWorkflows, walkWorkflows } from './end-workflows.js';
import { followEdges } from './follow-edges.js';
import { WorkflowCounts } from './workflow-counts.js';
import { workOnNodes, type WorkRules } from './work-on-nodes.js';

/** When something is to be settled: 0 for at once, null for never. Reads the first entry of an index for each. */
export const NEXT_SETTLING = `
  SELECT CASE WHEN EXISTS (SELECT 1 FROM tasks_settling)
                OR EXISTS (SELECT 1 FROM tasks_node_work)
                OR EXISTS (SELECT 1 FROM tasks_workflow WHERE walk IS NOT NULL) THEN 0
              ELSE (SELECT min(at) FROM (
                SELECT (SELECT deadline_at FROM tasks_workflow INDEXED BY tasks_workflow_deadline
                         WHERE deadline_at IS NOT NULL AND state = 'running' AND ending IS NULL
                         ORDER BY deadline_at LIMIT 1) AS at
                UNION ALL
                SELECT (SELECT expires_at FROM tasks_workflow WHERE expires_at IS NOT NULL ORDER BY expires_at LIMIT 1)))
         END AS at`;

/**
 * Does what has become due of workflows, bounded, each in the commit that takes it off the list of what is due:
 *
 *     a task has ended          its node counts it                         `tasks_settling`
 *     a node has ended          those that wait for it count it            `tasks_node_work`, edges
 *     a node may run, or never  its tasks are released, cancelled, revived `tasks_node_work`
 *     a workflow is cancelled   its nodes are gone through                 `tasks_workflow.walk`
 *
 * What is derived is derived from rows that were written under a lease, so a process that dies in between leaves nothing but
 * work for the next one. Returns whether something may be left.
 */
export function settleWorkflows(transaction: Transaction, rules: WorkRules, limit: number): boolean {
  const judging = { database: transaction.database, counts: new WorkflowCounts() };
  endDueWorkflows(transaction, rules.now);
  let done = walkWorkflows(transaction, judging, limit);
  for (let last = 1; last > 0 && done < limit; done += last) {
    last = countEnded(transaction, judging, limit - done);
    if (done + last < limit) last += followEdges(transaction, judging, limit - done - last);
    if (done + last < limit) last += workOnNodes(transaction, judging, rules, limit - done - last);
  }
  countOnWorkflows(transaction, judging, rules.now);
  return done > 0;
}

export function nextSettlingAt(database: Database): number | null {
  return statement<[], number | null>(database, NEXT_SETTLING).pluck().get() ?? null;
}
