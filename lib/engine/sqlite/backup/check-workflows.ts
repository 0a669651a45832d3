import { wallTime } from '../../../clock/index.js';
import { plural } from '../../../contract/index.js';
import { BEGIN_TO_DELETE, IS_STARTING } from '../sql/starting-workflows.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';

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

/** Starts that were cut short, and that no process has cleared away. Takes the time. */
const CUT_SHORT = `${IS_STARTING} AND expires_at < ?`;

/** Rows of it are still to come, or are going: what it counts is not there. */
const IS_PARTIAL = `
  workflow IN (SELECT seq FROM tasks_workflow WHERE ${IS_STARTING} OR ending = 'deleted')`;

/** Counters of nodes that are not what their tasks and edges say, as far as those are counted. */
const WRONG_NODES = `
  SELECT seq FROM tasks_node
   WHERE NOT (${IS_PARTIAL}) AND ((tasks, open, failed, cancelled) IS NOT
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
  const cutShort = statement<[number], number>(database, `SELECT count(*) FROM tasks_workflow WHERE ${CUT_SHORT}`)
    .pluck()
    .get(wallTime())!;
  return [
    ...found,
    cutShort === 0
      ? null
      : `${plural(cutShort, 'workflow')} whose start was cut short: nobody was told that it is there, and what is stored of it ` +
        'waits until an app that runs clears it away.',
    uncounted === 0
      ? null
      : `${plural(uncounted, 'task')} of workflows whose end nobody has counted: what waits for them would wait for ever.`,
    wrong === 0 ? null : `${plural(wrong, 'node')} of workflows whose counters are not what their tasks and edges say.`,
  ].flatMap((message) => (message === null ? [] : [message]));
}

/** Puts right what {@link workflowFaults} finds; what is left to do, an app that runs does. */
export function repairWorkflows(database: Database): void {
  statement<[number]>(database, CLEAR_CUT_SHORT).run(wallTime());
  for (const [table, loose] of LOOSE) statement(database, `DELETE FROM ${table} WHERE ${loose}`).run();
  statement(database, COUNT_ANEW).run();
  statement(database, `INSERT INTO tasks_settling (task, keep_until) SELECT task, 0 FROM (${UNCOUNTED})`).run();
}
