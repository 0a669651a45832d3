/**
 * A workflow that is stored in several transactions, before the last of them: nobody is shown it, and nothing of it runs. It alone
 * expires before it has ended, and is deleted then like one that was kept for its time: whoever stored it is gone.
 */
export const IS_STARTING = `(tasks_workflow.state = 'running' AND tasks_workflow.expires_at IS NOT NULL)`;

/** A workflow that there is: none whose start is not through, or that is being deleted. */
export const IS_THERE = `NOT ${IS_STARTING} AND tasks_workflow.ending IS NOT 'deleted'`;

/** Its rows are deleted in chunks from then on, and its id is free: no other one can begin with a space. */
export const BEGIN_TO_DELETE = `ending = 'deleted', walk = 0, expires_at = NULL, id = ' ' || seq`;
