import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Connection } from './connection.js';
import { AUDIT_PAGE, PRUNE_AUDIT } from './statements/audit-rows.js';
import { CANCELLED_TASKS } from './statements/cancelled-tasks.js';
import { CLAIM_TASKS, NEXT_TASKS } from './statements/claim-tasks.js';
import { DELETE_TASK, FIND_BY_ID } from './statements/act-on-tasks.js';
import { COMPLETE_TASKS } from './statements/complete-tasks.js';
import { END_TASK, RELEASE_TASK, RETRY_TASK, UNCLAIM_TASK } from './statements/finish-attempt.js';
import {
  ALL_TASKS,
  CREATED_AT,
  MATCH_TASK,
  RUNNING_TASKS,
  TASKS_OF_KIND,
  candidateQuery,
} from './statements/list-tasks.js';
import { DUE_TASKS, NEXT_DUE, PROMOTE_TASK } from './statements/promote-tasks.js';
import { NEXT_EXPIRY, PRUNE_METRICS, PRUNE_TASKS } from './statements/prune-tasks.js';
import { FAILURE } from './statements/read-failures.js';
import { OLDEST_AVAILABLE } from './statements/queue-depths.js';
import { METRICS } from './statements/read-metrics.js';
import {
  ATTEMPTS_OF_TASK,
  CHILDREN_OF_TASK,
  LAST_ERROR_OF_TASK,
  LOGS_OF_TASK,
  TASK_BY_ID,
} from './statements/read-tasks.js';
import { TASK_KINDS } from './statements/task-kinds.js';
import { STRAY_WORKERS, TASKS_OF_WORKER } from './statements/rescue-tasks.js';
import { DUE_SCHEDULES, NEXT_TICK, RUNNING_RUN, TAKE_TICK, WAITING_RUN } from './statements/schedule-rows.js';
import { RUNNING_OF_WORKER } from './statements/worker-rows.js';
import { TASK_ORDERS } from '../task-engine.js';
import { TASK_STATES } from '../task.js';

/** Every step of a statement's plan, as SQLite words it. */
type Plan = string[];

const KEY = 'SEARCH tasks_task USING INTEGER PRIMARY KEY (rowid=?)';

/** What goes with a task that is deleted. */
const CASCADE = [
  'SEARCH tasks_log USING COVERING INDEX tasks_log_task (task=?)',
  'SEARCH tasks_attempt USING PRIMARY KEY (task=?)',
];

/**
 * Which index each statement that matters goes by. A plan that says SCAN of a table, or TEMP B-TREE where the tasks are
 * not few, would make a claim or a page cost more with every task that is stored.
 */
const EXPECTED: ReadonlyArray<readonly [what: string, sql: string, plan: Plan]> = [
  ['what to claim', NEXT_TASKS, ['SEARCH tasks_task USING INDEX tasks_task_claim (queue=?)']],
  ['claim', CLAIM_TASKS, [KEY, 'LIST SUBQUERY 1', 'SEARCH tasks_task USING COVERING INDEX tasks_task_claim (queue=?)']],
  ['complete or fail', END_TASK, [KEY]],
  ['complete 50', COMPLETE_TASKS.get(50)!, ['SCAN 50-ROW VALUES CLAUSE', KEY]],
  ['complete 10', COMPLETE_TASKS.get(10)!, ['SCAN 10-ROW VALUES CLAUSE', KEY]],
  ['retry', RETRY_TASK, [KEY]],
  ['hand back', RELEASE_TASK, [KEY]],
  ['hand back before it began', UNCLAIM_TASK, [KEY]],
  ['find what is due', DUE_TASKS, ['SEARCH tasks_task USING INDEX tasks_task_due (run_at<?)']],
  ['when the next is due', NEXT_DUE, ['SCAN tasks_task USING INDEX tasks_task_due']],
  ['promote', PROMOTE_TASK, [KEY]],
  [
    'prune',
    PRUNE_TASKS,
    [
      KEY,
      'LIST SUBQUERY 1',
      'SEARCH tasks_task USING COVERING INDEX tasks_task_expiry (expires_at>? AND expires_at<?)',
      ...CASCADE,
    ],
  ],
  ['when the next expires', NEXT_EXPIRY, ['SEARCH tasks_task USING COVERING INDEX tasks_task_expiry (expires_at>?)']],
  ['prune metrics', PRUNE_METRICS, ['SEARCH tasks_metric USING PRIMARY KEY (minute<?)']],
  ['rescue: leases of a worker', TASKS_OF_WORKER, ['SEARCH tasks_task USING INDEX tasks_task_running (worker=?)']],
  [
    'rescue: leases of nobody',
    STRAY_WORKERS,
    [
      'SCAN tasks_task USING COVERING INDEX tasks_task_running',
      'USING INDEX sqlite_autoindex_tasks_worker_1 FOR IN-OPERATOR',
    ],
  ],
  ['cancelled among the running', CANCELLED_TASKS, ['SEARCH tasks_task USING INDEX tasks_task_running (worker=?)']],
  [
    'one task',
    TASK_BY_ID,
    [
      'SEARCH tasks_task USING INDEX tasks_task_id (id=?)',
      'CORRELATED SCALAR SUBQUERY 1',
      'SEARCH tasks_name USING PRIMARY KEY (name=?)',
    ],
  ],
  ['one task, to act on it', FIND_BY_ID, ['SEARCH tasks_task USING INDEX tasks_task_id (id=?)']],
  ['delete', DELETE_TASK, [KEY, ...CASCADE]],
  ['attempts of a task', ATTEMPTS_OF_TASK, ['SEARCH tasks_attempt USING PRIMARY KEY (task=?)']],
  ['last error of a task', LAST_ERROR_OF_TASK, ['SEARCH tasks_attempt USING PRIMARY KEY (task=?)']],
  ['what a task enqueued', CHILDREN_OF_TASK, ['SEARCH tasks_task USING INDEX tasks_task_children (parent_id=?)']],
  ['logs of a task', LOGS_OF_TASK, ['SEARCH tasks_log USING INDEX tasks_log_task (task=?)']],
  ['list: all', ALL_TASKS.newest, ['SEARCH tasks_task USING INTEGER PRIMARY KEY (rowid<?)']],
  ['list: all, the oldest first', ALL_TASKS.oldest, ['SEARCH tasks_task USING INTEGER PRIMARY KEY (rowid>?)']],
  [
    'list: kind and state',
    TASKS_OF_KIND.newest,
    ['SEARCH tasks_task USING COVERING INDEX tasks_task_by_kind (queue=? AND name=? AND state=? AND seq<?)'],
  ],
  [
    'the kinds that there are',
    TASK_KINDS,
    [
      'CO-ROUTINE kind',
      'SETUP',
      'CO-ROUTINE (subquery-1)',
      // One row of it.
      'SCAN tasks_task USING COVERING INDEX tasks_task_by_kind',
      'SCAN (subquery-1)',
      'RECURSIVE STEP',
      'SCAN kind',
      'SEARCH next USING INTEGER PRIMARY KEY (rowid=?)',
      'CORRELATED SCALAR SUBQUERY 3',
      'SEARCH tasks_task USING COVERING INDEX tasks_task_by_kind (queue=? AND name>?)',
      'CORRELATED SCALAR SUBQUERY 4',
      'SEARCH tasks_task USING COVERING INDEX tasks_task_by_kind (queue>?)',
      'SCAN kind',
    ],
  ],
  [
    'list: running, which are few',
    RUNNING_TASKS.newest,
    ['SCAN tasks_task USING INDEX tasks_task_running', 'USE TEMP B-TREE FOR ORDER BY'],
  ],
  [
    'a failure',
    FAILURE,
    [
      KEY,
      'SEARCH tasks_attempt USING PRIMARY KEY (task=? AND attempt=?) LEFT-JOIN',
      'CORRELATED SCALAR SUBQUERY 1',
      'SEARCH tasks_attempt USING PRIMARY KEY (task=?)',
    ],
  ],
  ['when one candidate was enqueued', CREATED_AT, [KEY]],
  [
    'search: one candidate',
    MATCH_TASK,
    [
      KEY,
      'CORRELATED SCALAR SUBQUERY 2',
      'SEARCH tasks_name USING PRIMARY KEY (name=?)',
      'CORRELATED SCALAR SUBQUERY 2',
      'SEARCH tasks_name USING PRIMARY KEY (name=?)',
      'CORRELATED SCALAR SUBQUERY 1',
      'SEARCH tasks_attempt USING PRIMARY KEY (task=?)',
    ],
  ],
  [
    'longest waiting of a queue',
    OLDEST_AVAILABLE,
    ['SEARCH tasks_task USING INDEX tasks_task_by_kind (queue=? AND name=? AND state=?)'],
  ],
  [
    'what a worker runs',
    RUNNING_OF_WORKER,
    ['SEARCH tasks_task USING INDEX tasks_task_running (worker=?)', 'USE TEMP B-TREE FOR ORDER BY'],
  ],
  ['metrics', METRICS, ['SEARCH tasks_metric USING PRIMARY KEY ((minute,queue)>(?,?) AND minute<?)']],
  ['a page of the audit record', AUDIT_PAGE, ['SEARCH tasks_audit USING INTEGER PRIMARY KEY (rowid<?)']],
  ['prune the audit record', PRUNE_AUDIT, ['SEARCH tasks_audit USING INTEGER PRIMARY KEY (rowid<?)']],
  [
    'due schedules',
    DUE_SCHEDULES,
    ['SEARCH tasks_schedule USING INDEX tasks_schedule_due (next_run_at>? AND next_run_at<?)'],
  ],
  ['next tick', NEXT_TICK, ['SEARCH tasks_schedule USING INDEX tasks_schedule_due (next_run_at>?)']],
  ['take a tick', TAKE_TICK, ['SEARCH tasks_schedule USING PRIMARY KEY (name=?)']],
  [
    'does a run of a schedule wait',
    WAITING_RUN,
    ['SEARCH tasks_task USING COVERING INDEX tasks_task_by_kind (queue=? AND name=? AND state=?)'],
  ],
  ['is a run of a schedule under way', RUNNING_RUN, ['SCAN tasks_task USING INDEX tasks_task_running']],
];

describe('query plans', () => {
  let connection: Connection;

  beforeAll(async () => {
    connection = await Connection.open(':memory:', 'full');
  });

  afterAll(() => connection.close());

  function planOf(sql: string): Plan {
    const parameters = sql.includes(':text')
      ? [{ text: '', seq: 0 }]
      : Array.from({ length: (sql.match(/\?/g) ?? []).length }, () => 0);
    const rows = connection.database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters) as { detail: string }[];
    return rows.map((row) => row.detail);
  }

  it.each(EXPECTED)('%s', (_what, sql, plan) => {
    expect(planOf(sql)).toEqual(plan);
  });

  const KINDS = ['default', 'emails', 'imports'].flatMap((queue) =>
    ['send_email', 'import_file'].map((name) => ({ queue, name })),
  );
  const filters = [
    { state: 'completed' as const },
    { name: 'send_email' },
    { queue: 'emails' },
    { queue: 'emails', name: 'send_email' },
    { name: 'send_email', state: 'failed' as const },
    { queue: 'emails', state: 'available' as const },
  ];
  const pages = TASK_ORDERS.flatMap((order) => filters.map((filter) => ({ order, filter })));

  it.each(pages)('a page of $filter reads indexes in order, the $order first', ({ filter, order }) => {
    const states = 'state' in filter && filter.state ? [filter.state] : TASK_STATES;
    const { sql } = candidateQuery(filter, states, KINDS, 100, 50, order);
    const scans = planOf(sql).filter((step) => step.startsWith('SCAN tasks_') || step.startsWith('SEARCH tasks_'));
    expect(scans.length).toBeGreaterThan(0);
    for (const scan of scans) {
      expect(scan).toMatch(
        /^SEARCH tasks_task USING COVERING INDEX tasks_task_by_kind \(queue=\? AND name=\? AND state=\? AND seq[<>]\?\)$|^SCAN tasks_task USING INDEX tasks_task_running$/,
      );
    }
  });
});
