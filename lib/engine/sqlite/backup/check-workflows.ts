import { wallTime } from '../../../clock/index.js';
import { plural } from '../../../contract/index.js';
import { actOnTask, findTask } from '../sql/act-on-tasks.js';
import type { RescueRules } from '../sql/rescue-tasks.js';
import { BEGIN_TO_DELETE, IS_STARTING, IS_THERE } from '../sql/starting-workflows.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';

/** What hangs loose of workflows, worded to be read; each with the statement that takes it away. */
const LOOSE = [
  [
    'tasks_node',
    `workflow NOT IN (SELECT seq FROM tasks_workflow)`,
    'of workflows that there are not: nothing ever looks at them',
  ],
  [
    'tasks_edge',
    `parent NOT IN (SELECT seq FROM tasks_node) OR child NOT IN (SELECT seq FROM tasks_node)`,
    'from or to nodes that there are not',
  ],
  [
    'tasks_node_task',
    `node NOT IN (SELECT seq FROM tasks_node)`,
    'of tasks whose nodes there are not: nobody waits for them',
  ],
  [
    'tasks_workflow_tag',
    `workflow NOT IN (SELECT seq FROM tasks_workflow)`,
    'of workflows that there are not: they only take room',
  ],
  ['tasks_node_work', `node NOT IN (SELECT seq FROM tasks_node)`, 'about nodes that there are not'],
] as const;

/** What its node has not counted, and nothing would have it count. */
const UNCOUNTED = `
  SELECT task FROM tasks_node_task JOIN tasks_task ON seq = task
   WHERE counted IS NOT iif(state IN ('completed', 'failed', 'cancelled'), state, NULL)
     AND task NOT IN (SELECT task FROM tasks_settling)`;

/** Tasks that wait for others, of which nobody knows. */
const FORLORN = `state = 'blocked' AND seq NOT IN (SELECT task FROM tasks_node_task)`;

/** Starts that were cut short, and that no process has cleared away. Takes the time. */
const CUT_SHORT = `${IS_STARTING} AND expires_at < ?`;

/** A workflow that goes by its counters: not all rows of others are there, or the tasks of those that have ended may be deleted. */
const GOES_ON = `tasks_workflow.state = 'running' AND ${IS_THERE}`;

/** Counters of nodes that are not what their tasks and edges say, as far as those are counted. */
const WRONG_NODES = `
  SELECT seq FROM tasks_node
   WHERE workflow IN (SELECT seq FROM tasks_workflow WHERE ${GOES_ON}) AND ((tasks, open, failed, cancelled) IS NOT
         (SELECT count(*), count(*) FILTER (WHERE counted IS NULL), count(*) FILTER (WHERE counted = 'failed'),
                 count(*) FILTER (WHERE counted = 'cancelled')
            FROM tasks_node_task WHERE node = tasks_node.seq)
      OR (waits, broken, unmet) IS NOT
         (SELECT count(*) FILTER (WHERE ended_as IS NULL), count(*) FILTER (WHERE ended_as = 'failed'),
                 count(*) FILTER (WHERE ended_as IN ('failed', 'cancelled'))
            FROM tasks_edge WHERE child = tasks_node.seq))`;

const COUNT_ANEW = `
  UPDATE tasks_node
     SET (tasks, open, failed, cancelled) =
         (SELECT count(*), count(*) FILTER (WHERE counted IS NULL), count(*) FILTER (WHERE counted = 'failed'),
                 count(*) FILTER (WHERE counted = 'cancelled')
            FROM tasks_node_task WHERE node = tasks_node.seq),
         (waits, broken, unmet) =
         (SELECT count(*) FILTER (WHERE ended_as IS NULL), count(*) FILTER (WHERE ended_as = 'failed'),
                 count(*) FILTER (WHERE ended_as IN ('failed', 'cancelled'))
            FROM tasks_edge WHERE child = tasks_node.seq)
   WHERE seq IN (${WRONG_NODES})`;

/** The same of workflows, by their nodes and tasks. */
const NODES_BY_STATE = `
  SELECT count(*) FILTER (WHERE state = 'blocked'), count(*) FILTER (WHERE state = 'running'),
         count(*) FILTER (WHERE state = 'completed'), count(*) FILTER (WHERE state = 'failed'),
         count(*) FILTER (WHERE state = 'cancelled')
    FROM tasks_node WHERE workflow = tasks_workflow.seq`;
const COUNTED_TASKS = `SELECT count(*), count(counted) FROM tasks_node_task WHERE workflow = tasks_workflow.seq`;

const WRONG_WORKFLOWS = `
  SELECT seq FROM tasks_workflow
   WHERE ${GOES_ON}
     AND ((blocked, running, completed, failed, cancelled) IS NOT (${NODES_BY_STATE})
          OR (tasks, ended) IS NOT (${COUNTED_TASKS}))`;

const COUNT_WORKFLOWS_ANEW = `
  UPDATE tasks_workflow
     SET (blocked, running, completed, failed, cancelled) = (${NODES_BY_STATE}), (tasks, ended) = (${COUNTED_TASKS})
   WHERE seq IN (${WRONG_WORKFLOWS})`;

/** Each node of what is wrong is judged once more. */
const WALK_AGAIN = `
  UPDATE tasks_workflow SET walk = 0
   WHERE seq IN (SELECT workflow FROM tasks_node WHERE seq IN (${WRONG_NODES})) OR seq IN (${WRONG_WORKFLOWS})`;

const CLEAR_CUT_SHORT = `UPDATE tasks_workflow SET ${BEGIN_TO_DELETE} WHERE ${CUT_SHORT}`;

/** What is wrong with workflows. Reads all of them: for a check, never for an app at work. */
export function workflowFaults(database: Database): string[] {
  const count = (sql: string): number => statement<[], number>(database, sql).pluck().get()!;
  const found = LOOSE.map(([table, loose, what]) => {
    const rows = count(`SELECT count(*) FROM ${table} WHERE ${loose}`);
    return rows === 0 ? null : `${table} has ${plural(rows, 'row')} ${what}.`;
  });
  const uncounted = count(`SELECT count(*) FROM (${UNCOUNTED})`);
  const wrong = count(`SELECT count(*) FROM (${WRONG_NODES})`);
  const miscounted = count(`SELECT count(*) FROM (${WRONG_WORKFLOWS})`);
  const forlorn = count(`SELECT count(*) FROM tasks_task WHERE ${FORLORN}`);
  const cutShort = statement<[number], number>(database, `SELECT count(*) FROM tasks_workflow WHERE ${CUT_SHORT}`)
    .pluck()
    .get(wallTime())!;
  return [
    ...found,
    cutShort === 0
      ? null
      : `${plural(cutShort, 'workflow')} whose start was cut short: nobody was told that it is there, and what is stored of it ` +
        'waits until an app that runs clears it away.',
    forlorn === 0
      ? null
      : `${plural(forlorn, 'blocked task')} of no node of a workflow: nothing ever has them run. A repair cancels them.`,
    uncounted === 0
      ? null
      : `${plural(uncounted, 'task')} of workflows whose end nobody has counted: what waits for them would wait for ever.`,
    miscounted === 0
      ? null
      : `${plural(miscounted, 'workflow')} whose counters are not what their nodes and tasks say: they would not end when those do.`,
    wrong === 0 ? null : `${plural(wrong, 'node')} of workflows whose counters are not what their tasks and edges say.`,
  ].flatMap((message) => (message === null ? [] : [message]));
}

/** Puts right what {@link workflowFaults} finds; what is left to do, an app that runs does. */
export function repairWorkflows(transaction: Transaction, { now, keepFor }: RescueRules): void {
  const { database } = transaction;
  statement<[number]>(database, CLEAR_CUT_SHORT).run(wallTime());
  for (const [table, loose] of LOOSE) statement(database, `DELETE FROM ${table} WHERE ${loose}`).run();
  const forlorn = statement<[], number>(database, `SELECT seq FROM tasks_task WHERE ${FORLORN}`).pluck().all();
  for (const seq of forlorn) actOnTask(transaction, 'cancel', findTask(transaction, { seq })!, now, keepFor);
  for (const sql of [WALK_AGAIN, COUNT_ANEW, COUNT_WORKFLOWS_ANEW]) statement(database, sql).run();
  statement(
    database,
    `INSERT OR IGNORE INTO tasks_settling (task, keep_until) SELECT task, 0 FROM (${UNCOUNTED})`,
  ).run();
}
