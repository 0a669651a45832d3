import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../store/connection.js';
import { openConnection } from '../store/open-connection.js';
import { AUDIT_PAGE, PRUNE_AUDIT } from './audit-rows.js';
import { AWAITED_TASK, LAST_FULL_ERROR_OF_TASK } from './awaited-tasks.js';
import { CANCELLED_TASKS } from './cancelled-tasks.js';
import { INSERTED_IDS } from './insert-tasks.js';
import { CLAIM_TASKS, NEXT_TASKS, PARAMS_OF_TASK, RUNS_LAST_CHANCE } from './claim-tasks.js';
import { DELETE_TASK, FIND_BY_ID } from './act-on-tasks.js';
import { COMPLETE_TASKS, END_TASK } from './end-tasks.js';
import { EXPIRE_CLAIMED_TASK, RELEASE_TASK, RETRY_TASK, UNCLAIM_TASK } from './finish-attempt.js';
import {
  ALL_TASKS,
  CREATED_AT,
  SLOT_KEY_OF_TASK,
  MATCH_TASK,
  RUNNING_TASKS,
  TASKS_OF_GROUP,
  TASKS_OF_KIND,
  candidateQuery,
} from './list-tasks.js';
import { CLAIM_KEYLESS, CLAIM_TURNS, NEXT_TURNS, RUNNING_IN_QUEUE } from './claim-turns.js';
import { FLOW_OF_QUEUE, NEXT_KEY_LIMITED } from './flow-rows.js';
import { COUNT_OF_KEY, HELD_BEFORE, HOLDERS_OF_KEY, NEXT_KEY } from './key-rows.js';
import { COUNT_RUNNING_IN, LOOK_AT_KEYS, UNPARK_KEYS } from './set-flow.js';
import { REJOIN } from './settle-keys.js';
import { ADMIT_ALL, FIRST_HELD_OF_KEYS } from './admit-one-of-each.js';
import { ADMIT, FIRST_TURN, HOLD, LAST_READY, LAST_TURN, NEXT_HELD, TAKEN_SLOTS } from './slots.js';
import { DUE_TASKS, NEXT_DUE, PROMOTE_TASK } from './promote-tasks.js';
import { DUE_LAPSES, END_LAPSED_TASK, NEXT_LAPSE } from './lapse-tasks.js';
import { COUNT_PARKED, NEXT_PARKED_FOR, UNPARK_ANY, UNPARK_NEXT } from './parked-tasks.js';
import { RUNNING_OF_QUEUE } from './pause-queue.js';
import { NEXT_EXPIRY, PRUNE_METRICS, PRUNE_TASKS } from './prune-tasks.js';
import { FORGET_HOURS, FORGOTTEN_GROUPS } from './add-to-error-groups.js';
import { SET_ERROR_GROUP } from './note-error.js';
import { ERROR_GROUP, FAILED_BY_GROUP, HOURS_OF_GROUP, NEXT_QUEUE_OF_GROUP } from './read-error-groups.js';
import { COUNT_OF_TAG, TASKS_BY_TAG } from './tasks-by-tag.js';
import { TASKS_BY_TIME, TASKS_OF_OWN_ID } from './tasks-by-time.js';
import { OLDEST_AVAILABLE } from './queue-depths.js';
import { METRICS, METRICS_AHEAD } from './read-metrics.js';
import { ATTEMPTS_OF_TASK, CHILDREN_OF_TASK, LAST_ERROR_OF_TASK, LOGS_OF_TASK, TASK_BY_ID } from './read-tasks.js';
import { MARK_BESIDE, NEXT_RESULT_EXPIRY, PRUNE_RESULTS, PUT_RESULT, RESULT_OF_TASK } from './result-rows.js';
import { TASK_KINDS } from './task-kinds.js';
import { UPDATE_PARAMS, UPDATE_WAITING_TASK } from './update-task.js';
import { STRAY_WORKERS, TASKS_OF_WORKER, UNCLAIM_LOST_TASK } from './rescue-tasks.js';
import { DROP_KEY_LIMIT, DUE_KEY_LIMITS, KEY_LIMIT, LAST_START, NEXT_KEY_LIMIT, PUT_KEY_LIMIT } from './key-limits.js';
import { ADD_STARTS, FORGET_STARTS, LENT_TO_WORKER, LOOK_AT_KEY, TAKE_PLACES_BACK, USED_PLACES } from './start-log.js';
import { FIRST_ENDED } from './excess-tasks.js';
import { NEXT_SETTLING } from './settle-workflows.js';
import { SETTLING_TASKS, SETTLED_TASKS, COUNT_TASKS, COUNT_ON_NODE } from './count-ended.js';
import { EDGES_TO_FOLLOW, LAST_NODE_TO_FOLLOW, FOLLOWED_NODES, COUNT_ON_EDGE } from './follow-edges.js';
import { CAUSE_OF_NODE, HAS_LIVE_TASK } from './judge-nodes.js';
import { NEXT_WORK, TASKS_OF_NODE, RELEASE_BLOCKED_TASK } from './work-on-nodes.js';
import {
  UNANSWERED_NODE,
  OVERDUE_WORKFLOW,
  EXPIRED_WORKFLOW,
  WALKED_WORKFLOW,
  NODES_OF_WORKFLOW,
  DELETE_EDGES_OF_NODES,
  DELETE_TAGS_OF_WORKFLOW,
} from './end-workflows.js';
import {
  COUNT_OF_WORKFLOW_TAG,
  WORKFLOWS,
  WORKFLOWS_BY_NAME,
  WORKFLOWS_BY_STATE,
  WORKFLOWS_BY_TAG,
} from './list-workflows.js';
import { WORKFLOW, NODES_AT_ISSUE, NUMBERS_AFTER, RESULTS_AFTER } from './read-workflows.js';
import { FINISH_START, GIVE_START_UP, GO_ON_WITH_START, IS_BEING_STARTED } from './start-in-chunks.js';
import { OVERTAKE_START } from './start-workflow.js';
import { NODES_OF_NAME } from './steer-workflows.js';
import { NOTE_SETTLING } from './settle-later.js';
import {
  FORGET_LAPSE,
  FORGET_TAGS,
  JOIN_TASK,
  REPLACE_TASK,
  ID_IS_STORED,
  TASK_TO_MERGE,
} from './insert-unique-task.js';
import { FIND_KEY, FORGET_OVER, KEY_OF_TASK } from './unique-keys.js';
import {
  DUE_SCHEDULES,
  NEXT_TICK,
  PASSED_OVER_SCHEDULES,
  PLAN_SCHEDULE,
  RUNNING_RUN,
  TAKE_TICK,
  UNHANDLED_RUN,
  WAITING_RUN,
} from './schedule-rows.js';
import { SECRET } from './secret-rows.js';
import { COUNT_OF_STEPS, LISTED_STEPS, SIGNALS_OF_TASK, TASK_OF_ID } from './listed-steps.js';
import { LEASED_TASK, MARK_STEPS, PUT_STEP, STEPS_AFTER } from './step-rows.js';
import { FIRST_OF_NAME, FORGET_STEPS } from './retry-from.js';
import { INSERT_SIGNAL, NEXT_SIGNAL, TAKE_SIGNAL } from './signal-rows.js';
import { SUSPEND_TASK } from './suspend-task.js';
import { FINISH_WAIT, OPEN_WAITS, STATE_OF_TASK, WAITING_CALLER, WAKE_TASK } from './wake-tasks.js';
import { STEP_AT_PLACE } from '../store/app-transactions.js';
import { RUNNING_OF_WORKER } from './worker-rows.js';
import { TASK_ORDERS, TASK_STATES } from '../../../contract/index.js';

/** Every step of a statement's plan, as SQLite words it. */
type Plan = readonly string[];

const KEY = 'SEARCH tasks_task USING INTEGER PRIMARY KEY (rowid=?)';

/** Rows that go with a task that is deleted. */
const CASCADE = [
  'SEARCH tasks_log USING COVERING INDEX tasks_log_task (task=?)',
  'SEARCH tasks_attempt USING PRIMARY KEY (task=?)',
];

/** Entries of one key; those of a statement that needs more than the index has, and those of one that does not. */
const OF_KEY = 'SEARCH tasks_task USING INDEX tasks_task_key (queue=? AND state=? AND key=?)';
const COUNTED_OF_KEY = [
  'CO-ROUTINE (subquery-1)',
  'SEARCH tasks_task USING COVERING INDEX tasks_task_key (queue=? AND state=? AND key=?)',
  'SCAN (subquery-1)',
];
const AFTER_KEY = 'SEARCH tasks_task USING COVERING INDEX tasks_task_key (queue=? AND state=? AND key>?)';

/**
 * Which index each statement that matters goes by. A plan that says SCAN of a table, or TEMP B-TREE where the tasks are
 * not few, would make a claim or a page cost more with every task that is stored.
 */
const EXPECTED: ReadonlyArray<readonly [what: string, sql: string, plan: Plan]> = [
  ['what to claim', NEXT_TASKS, ['SEARCH tasks_task USING INDEX tasks_task_claim (queue=?)']],
  ['a last chance that runs', RUNS_LAST_CHANCE, ['SEARCH tasks_task USING INDEX tasks_task_running (worker=?)']],
  ['claim', CLAIM_TASKS, [KEY, 'LIST SUBQUERY 1', 'SEARCH tasks_task USING INDEX tasks_task_claim (queue=?)']],
  ['whose turn it is', NEXT_TURNS, ['SEARCH tasks_task USING INDEX tasks_task_turn (queue=?)']],
  ['claim by turn', CLAIM_TURNS, [KEY, 'LIST SUBQUERY 1', 'SCAN json_each VIRTUAL TABLE INDEX 1:']],
  ['claim what has no key', CLAIM_KEYLESS, [KEY, 'LIST SUBQUERY 1', 'SCAN json_each VIRTUAL TABLE INDEX 1:']],
  ['what runs of a queue', RUNNING_IN_QUEUE, ['CO-ROUTINE (subquery-1)', AFTER_KEY, 'SCAN (subquery-1)']],
  ['slots that are taken', TAKEN_SLOTS, COUNTED_OF_KEY],
  ['what is held, in its order', NEXT_HELD, [OF_KEY]],
  ['what is ready, from its end', LAST_READY, [OF_KEY]],
  [
    'the head of a line',
    FIRST_TURN,
    ['SEARCH tasks_task USING INDEX tasks_task_turn (queue=? AND priority=? AND turn>?)'],
  ],
  [
    'the last turn of a key',
    LAST_TURN,
    ['SEARCH tasks_task USING COVERING INDEX tasks_task_key (queue=? AND state=? AND key=? AND priority=? AND turn>?)'],
  ],
  ['make ready', ADMIT, [KEY]],
  ['make ready, one of each key', ADMIT_ALL, [KEY, 'LIST SUBQUERY 1', 'SCAN json_each VIRTUAL TABLE INDEX 1:']],
  [
    'the first that is held, of each key',
    FIRST_HELD_OF_KEYS,
    [
      'SCAN wanted VIRTUAL TABLE INDEX 1:',
      'SEARCH next USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN',
      'CORRELATED SCALAR SUBQUERY 3',
      'SEARCH tasks_task USING COVERING INDEX tasks_task_key (queue=? AND state=? AND key=?)',
      'CORRELATED SCALAR SUBQUERY 2',
      ...COUNTED_OF_KEY,
    ],
  ],
  ['hold', HOLD, [KEY]],
  [
    'join the line again',
    REJOIN,
    [
      KEY,
      'CORRELATED SCALAR SUBQUERY 1',
      'SEARCH line USING INDEX tasks_task_turn (queue=? AND priority=? AND turn>?)',
    ],
  ],
  ['the next key', NEXT_KEY, [AFTER_KEY]],
  ['how many tasks a key has', COUNT_OF_KEY, COUNTED_OF_KEY],
  ['who holds a key', HOLDERS_OF_KEY, [OF_KEY]],
  ['what is held before a task', HELD_BEFORE, COUNTED_OF_KEY],
  ['what a queue lets run', FLOW_OF_QUEUE, ['SEARCH tasks_queue USING PRIMARY KEY (name=?)']],
  ['count what runs', COUNT_RUNNING_IN, ['SCAN tasks_task USING INDEX tasks_task_running']],
  [
    'let in what was parked',
    UNPARK_NEXT,
    [KEY, 'LIST SUBQUERY 1', 'SEARCH tasks_task USING COVERING INDEX tasks_task_parked (parked=? AND queue=?)'],
  ],
  [
    'let in what was parked anywhere',
    UNPARK_ANY,
    [KEY, 'LIST SUBQUERY 1', 'SEARCH tasks_task USING COVERING INDEX tasks_task_parked (parked=?)'],
  ],
  ['what is parked for', NEXT_PARKED_FOR, ['SEARCH tasks_task USING COVERING INDEX tasks_task_parked (parked>?)']],
  ['how many are parked', COUNT_PARKED, ['SEARCH tasks_task USING COVERING INDEX tasks_task_parked (parked=?)']],
  ['starts that count no more', FORGET_STARTS, ['SEARCH tasks_start USING PRIMARY KEY (name=? AND at<?)']],
  ['what of a limit is used', USED_PLACES, ['SEARCH tasks_start USING PRIMARY KEY (name=?)']],
  ['count starts', ADD_STARTS, []],
  ['the last start', LAST_START, ['SEARCH tasks_start USING PRIMARY KEY (name=?)']],
  ['the limit of a key', KEY_LIMIT, ['SEARCH tasks_key_limit USING PRIMARY KEY (name=?)']],
  ['note of a key', PUT_KEY_LIMIT, []],
  ['look at a key', LOOK_AT_KEY, ['SEARCH tasks_key_limit USING PRIMARY KEY (name=?)']],
  ['forget a key', DROP_KEY_LIMIT, ['SEARCH tasks_key_limit USING PRIMARY KEY (name=?)']],
  [
    'keys that are due',
    DUE_KEY_LIMITS,
    ['SEARCH tasks_key_limit USING COVERING INDEX tasks_key_limit_at (queue=? AND waits=? AND at<?)'],
  ],
  [
    'when the next key is due',
    NEXT_KEY_LIMIT,
    ['SEARCH tasks_key_limit USING COVERING INDEX tasks_key_limit_at (queue=? AND waits=?)'],
  ],
  [
    'the next queue whose keys have limits',
    NEXT_KEY_LIMITED,
    ['SEARCH tasks_key_limit USING COVERING INDEX tasks_key_limit_at (queue>?)'],
  ],
  [
    'look at all keys of a queue',
    LOOK_AT_KEYS,
    ['SEARCH tasks_key_limit USING COVERING INDEX tasks_key_limit_at (queue=? AND waits=?)'],
  ],
  [
    'let in what was parked for keys',
    UNPARK_KEYS,
    [KEY, 'LIST SUBQUERY 1', 'SEARCH tasks_task USING COVERING INDEX tasks_task_parked (parked>? AND parked<?)'],
  ],
  [
    'the places of an attempt',
    TAKE_PLACES_BACK,
    ['SEARCH tasks_start USING INDEX tasks_start_task (task=? AND attempt=? AND worker=?)'],
  ],
  ['places of a dead worker', LENT_TO_WORKER, ['SEARCH tasks_start USING INDEX tasks_start_worker (worker=?)']],
  // Sorted are the ids of one statement.
  [
    'which were inserted',
    INSERTED_IDS,
    [
      'SEARCH tasks_task USING COVERING INDEX tasks_task_id (id=?)',
      'LIST SUBQUERY 1',
      'SCAN json_each VIRTUAL TABLE INDEX 1:',
      'USE TEMP B-TREE FOR ORDER BY',
    ],
  ],
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
    'find what lapses',
    DUE_LAPSES,
    ['SEARCH tasks_lapse USING COVERING INDEX tasks_lapse_at (at<?)', `${KEY} LEFT-JOIN`],
  ],
  ['when the next lapses', NEXT_LAPSE, ['SCAN tasks_lapse USING COVERING INDEX tasks_lapse_at']],
  ['update what waits', UPDATE_WAITING_TASK, [KEY]],
  ['update params', UPDATE_PARAMS, [KEY]],
  ['end what lapsed', END_LAPSED_TASK, [KEY]],
  ['end what was not begun in time', EXPIRE_CLAIMED_TASK, [KEY]],
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
  ['forget a key whose time is over', FORGET_OVER, ['SEARCH tasks_unique USING PRIMARY KEY (key=?)']],
  ['who holds a key', FIND_KEY, ['SEARCH taken USING PRIMARY KEY (key=?)', `${KEY} LEFT-JOIN`]],
  ['the key of a task', KEY_OF_TASK, ['SEARCH tasks_unique USING INDEX tasks_unique_task (task=?)']],
  ['whether an id is there', ID_IS_STORED, ['SEARCH tasks_task USING COVERING INDEX tasks_task_id (id=?)']],
  ['what a task is merged into', TASK_TO_MERGE, [KEY]],
  ['replace', REPLACE_TASK, [KEY]],
  ['join', JOIN_TASK, [KEY]],
  ['replace: tags', FORGET_TAGS, ['SEARCH tasks_tag USING COVERING INDEX tasks_tag_task (task=?)']],
  ['replace: times', FORGET_LAPSE, ['SEARCH tasks_lapse USING INTEGER PRIMARY KEY (rowid=?)']],
  ['prune metrics', PRUNE_METRICS, ['SEARCH tasks_metric USING PRIMARY KEY (minute<?)']],
  ['rescue: what had not begun', UNCLAIM_LOST_TASK, [KEY]],
  ['claim: large params', PARAMS_OF_TASK, [KEY]],
  // As many as run.
  ['leases of a queue', RUNNING_OF_QUEUE, ['SCAN tasks_task USING INDEX tasks_task_running']],
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
    [
      'SCAN tasks_task USING INDEX tasks_task_running',
      'CORRELATED SCALAR SUBQUERY 1',
      'SCAN json_each VIRTUAL TABLE INDEX 1:',
      'CORRELATED SCALAR SUBQUERY 2',
      'SCAN json_each VIRTUAL TABLE INDEX 1:',
      'USE TEMP B-TREE FOR ORDER BY',
    ],
  ],
  [
    'list: a group of errors in a queue',
    TASKS_OF_GROUP.newest,
    ['SEARCH tasks_task USING COVERING INDEX tasks_task_error_group (error_group=? AND queue=? AND rowid<?)'],
  ],
  [
    'failed tasks by group',
    FAILED_BY_GROUP,
    ['SEARCH tasks_task USING COVERING INDEX tasks_task_error_group (error_group>?)'],
  ],
  ['a group of errors', ERROR_GROUP, ['SEARCH tasks_error_group USING PRIMARY KEY (key=?)']],
  ['hours of a group', HOURS_OF_GROUP, ['SEARCH tasks_error_hour USING PRIMARY KEY (key=? AND hour>?)']],
  [
    'queues of a group',
    NEXT_QUEUE_OF_GROUP,
    ['SEARCH tasks_task USING COVERING INDEX tasks_task_error_group (error_group=? AND queue>?)'],
  ],
  ['an error is noted', SET_ERROR_GROUP, [KEY]],
  ['hours are forgotten', FORGET_HOURS, ['SEARCH tasks_error_hour USING PRIMARY KEY (key=? AND hour<?)']],
  [
    'groups are forgotten',
    FORGOTTEN_GROUPS,
    [
      'SEARCH tasks_error_group USING COVERING INDEX tasks_error_group_last (last_at<?)',
      'CORRELATED SCALAR SUBQUERY 1',
      'SEARCH tasks_task USING COVERING INDEX tasks_task_error_group (error_group=?)',
    ],
  ],
  [
    'list: enqueued in a span of time',
    TASKS_BY_TIME.newest,
    ['SEARCH tasks_task USING INDEX tasks_task_id (id>? AND id<?)'],
  ],
  [
    'list: enqueued in a span of time, with an id that does not tell it',
    TASKS_OF_OWN_ID.newest,
    ['SEARCH own USING PRIMARY KEY (created_at>? AND (created_at,task)<(?,?))', KEY],
  ],
  ...TASK_ORDERS.map(
    (order) =>
      [
        `list: by a tag, the ${order} first`,
        TASKS_BY_TAG[order],
        [
          `SEARCH tag USING PRIMARY KEY (name=? AND value=? AND task${order === 'newest' ? '<' : '>'}?)`,
          KEY,
          'CORRELATED SCALAR SUBQUERY 2',
          // The tags of one filter.
          'SCAN wanted VIRTUAL TABLE INDEX 1:',
          'CORRELATED SCALAR SUBQUERY 1',
          'SEARCH other USING PRIMARY KEY (name=? AND value=? AND task=?)',
        ],
      ] as const,
  ),
  [
    'which tag leads to fewer',
    COUNT_OF_TAG,
    ['CO-ROUTINE (subquery-1)', 'SEARCH tasks_tag USING PRIMARY KEY (name=? AND value=?)', 'SCAN (subquery-1)'],
  ],
  ['when one candidate was enqueued', CREATED_AT, [KEY]],
  ['the key of one candidate', SLOT_KEY_OF_TASK, [KEY]],
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
  ['keep a result', PUT_RESULT, []],
  ['mark a task that has a result', MARK_BESIDE, [KEY]],
  ['the result of a task', RESULT_OF_TASK, ['SEARCH tasks_result USING INTEGER PRIMARY KEY (rowid=?)']],
  [
    'prune results',
    PRUNE_RESULTS,
    [
      'SEARCH tasks_result USING INTEGER PRIMARY KEY (rowid=?)',
      'LIST SUBQUERY 1',
      'SEARCH tasks_result USING COVERING INDEX tasks_result_expiry (expires_at>? AND expires_at<?)',
      'CORRELATED SCALAR SUBQUERY 2',
      KEY,
      'CORRELATED SCALAR SUBQUERY 3',
      KEY,
    ],
  ],
  [
    'when the next result is kept no longer',
    NEXT_RESULT_EXPIRY,
    ['SEARCH tasks_result USING COVERING INDEX tasks_result_expiry (expires_at>?)'],
  ],
  [
    'a task that is waited for',
    AWAITED_TASK,
    [
      'SEARCH tasks_task USING INDEX tasks_task_id (id=?)',
      'SEARCH tasks_result USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN',
    ],
  ],
  [
    'the error of a task that is waited for',
    LAST_FULL_ERROR_OF_TASK,
    ['SEARCH tasks_attempt USING PRIMARY KEY (task=?)'],
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
  // Sorted are the rows of one go.
  [
    'metrics',
    METRICS,
    ['SEARCH tasks_metric USING PRIMARY KEY (minute>? AND minute<?)', 'USE TEMP B-TREE FOR GROUP BY'],
  ],
  ['metrics: how far to read', METRICS_AHEAD, ['SEARCH tasks_metric USING PRIMARY KEY (minute>? AND minute<?)']],
  ['a page of the audit record', AUDIT_PAGE, ['SEARCH tasks_audit USING INTEGER PRIMARY KEY (rowid<?)']],
  ['the lease of a step', LEASED_TASK, ['SEARCH tasks_task USING INDEX tasks_task_id (id=?)']],
  ['mark a task that has steps', MARK_STEPS, [KEY]],
  ['record a step', PUT_STEP, []],
  ['steps of a task', STEPS_AFTER, ['SEARCH tasks_step USING PRIMARY KEY (task=? AND (kind,name,number)>(?,?,?))']],
  [
    'is a step recorded',
    STEP_AT_PLACE,
    [
      'SEARCH tasks_task USING COVERING INDEX tasks_task_id (id=?)',
      'SEARCH tasks_step USING PRIMARY KEY (task=? AND kind=? AND name=? AND number=?)',
    ],
  ],
  ['a task whose steps are listed', TASK_OF_ID, ['SEARCH tasks_task USING COVERING INDEX tasks_task_id (id=?)']],
  // Sorted are the steps of one task.
  [
    'steps of a task, listed',
    LISTED_STEPS,
    ['SEARCH tasks_step USING PRIMARY KEY (task=?)', 'USE TEMP B-TREE FOR ORDER BY'],
  ],
  ['how many steps a task has', COUNT_OF_STEPS, ['SEARCH tasks_step USING PRIMARY KEY (task=?)']],
  [
    'signals of a task',
    SIGNALS_OF_TASK,
    ['SEARCH tasks_signal USING INDEX tasks_signal_task (task=?)', 'USE TEMP B-TREE FOR ORDER BY'],
  ],
  ['suspend', SUSPEND_TASK, [KEY]],
  ['wake', WAKE_TASK, [KEY]],
  // Sorted are the waits of one task.
  [
    'what a task waits for',
    OPEN_WAITS,
    [KEY, 'SEARCH tasks_step USING INDEX tasks_step_open (task=?)', 'USE TEMP B-TREE FOR ORDER BY'],
  ],
  ['end a wait', FINISH_WAIT, ['SEARCH tasks_step USING PRIMARY KEY (task=? AND kind=? AND name=? AND number=?)']],
  ['the state of a task that is called', STATE_OF_TASK, ['SEARCH tasks_task USING INDEX tasks_task_id (id=?)']],
  [
    'who calls a task',
    WAITING_CALLER,
    [
      'SEARCH tasks_task USING INDEX tasks_task_id (id=?)',
      'SEARCH tasks_step USING INDEX tasks_step_open (task=? AND kind=? AND name=? AND number=?)',
    ],
  ],
  ['send a signal', INSERT_SIGNAL, []],
  [
    'the next signal of some names',
    NEXT_SIGNAL,
    [
      'SCAN wanted VIRTUAL TABLE INDEX 1:',
      'CORRELATED SCALAR SUBQUERY 1',
      'SEARCH tasks_signal USING COVERING INDEX tasks_signal_task (task=? AND name=?)',
      'USE TEMP B-TREE FOR ORDER BY',
    ],
  ],
  ['take a signal', TAKE_SIGNAL, ['SEARCH tasks_signal USING INTEGER PRIMARY KEY (rowid=?)']],
  ['the first step of a name', FIRST_OF_NAME, ['SEARCH tasks_step USING PRIMARY KEY (task=?)']],
  ['forget steps', FORGET_STEPS, ['SEARCH tasks_step USING PRIMARY KEY (task=?)']],
  ['a secret', SECRET, ['SEARCH tasks_secret USING PRIMARY KEY (name=?)']],
  [
    'tasks of a kind that ended, of which fewer are kept',
    FIRST_ENDED,
    [
      'SEARCH tasks_task USING INDEX tasks_task_by_kind (queue=? AND name=? AND state=?)',
      'CORRELATED SCALAR SUBQUERY 1',
      'SEARCH tasks_unique USING INDEX tasks_unique_task (task=?)',
      'CORRELATED SCALAR SUBQUERY 2',
      'SEARCH tasks_node_task USING INTEGER PRIMARY KEY (rowid=?)',
    ],
  ],
  [
    'workflows: next settling',
    NEXT_SETTLING,
    [
      'SCAN CONSTANT ROW',
      'SCALAR SUBQUERY 1',
      'SCAN tasks_settling',
      'SCALAR SUBQUERY 2',
      'SCAN tasks_node_work',
      'SCALAR SUBQUERY 3',
      'SCAN tasks_workflow USING INDEX tasks_workflow_walk',
      'SCALAR SUBQUERY 8',
      'CO-ROUTINE (subquery-7)',
      'COMPOUND QUERY',
      'LEFT-MOST SUBQUERY',
      'SCAN CONSTANT ROW',
      'SCALAR SUBQUERY 4',
      'SEARCH tasks_workflow USING INDEX tasks_workflow_deadline (deadline_at>?)',
      'UNION ALL',
      'SCAN CONSTANT ROW',
      'SCALAR SUBQUERY 6',
      'SEARCH tasks_workflow USING COVERING INDEX tasks_workflow_expiry (expires_at>?)',
      'SEARCH (subquery-7)',
    ],
  ],
  [
    'workflows: settling tasks',
    SETTLING_TASKS,
    [
      'SCAN tasks_settling',
      'SEARCH tasks_node_task USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN',
      'SEARCH tasks_task USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN',
    ],
  ],
  ['workflows: settled tasks', SETTLED_TASKS, ['SEARCH tasks_settling USING INTEGER PRIMARY KEY (rowid<?)']],
  [
    'workflows: count tasks',
    COUNT_TASKS,
    [
      'SEARCH tasks_node_task USING INTEGER PRIMARY KEY (rowid=?)',
      'LIST SUBQUERY 1',
      'SCAN json_each VIRTUAL TABLE INDEX 1:',
    ],
  ],
  [
    'workflows: count on node',
    COUNT_ON_NODE,
    [
      'SEARCH tasks_node USING INTEGER PRIMARY KEY (rowid=?)',
      'CORRELATED SCALAR SUBQUERY 1',
      'SEARCH tasks_workflow USING INTEGER PRIMARY KEY (rowid=?)',
      'CORRELATED SCALAR SUBQUERY 2',
      'SEARCH tasks_node_work USING PRIMARY KEY (kind=? AND node=?)',
      'CORRELATED SCALAR SUBQUERY 3',
      'SEARCH tasks_node_work USING PRIMARY KEY (kind=? AND node=?)',
    ],
  ],
  [
    'workflows: edges to follow',
    EDGES_TO_FOLLOW,
    [
      'SEARCH tasks_node_work USING PRIMARY KEY (kind=?)',
      'SEARCH tasks_node USING INTEGER PRIMARY KEY (rowid=?)',
      'SEARCH tasks_edge USING PRIMARY KEY (parent=? AND child>?)',
    ],
  ],
  ['workflows: last node to follow', LAST_NODE_TO_FOLLOW, ['SEARCH tasks_node_work USING PRIMARY KEY (kind=?)']],
  ['workflows: followed nodes', FOLLOWED_NODES, ['SEARCH tasks_node_work USING PRIMARY KEY (kind=? AND node<?)']],
  ['workflows: count on edge', COUNT_ON_EDGE, ['SEARCH tasks_edge USING PRIMARY KEY (parent=? AND child=?)']],
  [
    'workflows: has live task',
    HAS_LIVE_TASK,
    [
      'SEARCH tasks_node_task USING COVERING INDEX tasks_node_task_node (node=?)',
      'SEARCH tasks_task USING INTEGER PRIMARY KEY (rowid=?)',
    ],
  ],
  [
    'workflows: cause of node',
    CAUSE_OF_NODE,
    [
      'SCAN CONSTANT ROW',
      'SCALAR SUBQUERY 1',
      'SEARCH tasks_edge USING INDEX tasks_edge_child (child=?)',
      'SCALAR SUBQUERY 2',
      'SEARCH tasks_edge USING INDEX tasks_edge_child (child=?)',
    ],
  ],
  ['workflows: next work', NEXT_WORK, ['SEARCH tasks_node_work USING PRIMARY KEY (kind=?)']],
  [
    'workflows: tasks of node',
    TASKS_OF_NODE,
    [
      'SEARCH tasks_node_task USING COVERING INDEX tasks_node_task_node (node=? AND task>?)',
      'SEARCH tasks_task USING INTEGER PRIMARY KEY (rowid=?)',
    ],
  ],
  ['workflows: release blocked task', RELEASE_BLOCKED_TASK, ['SEARCH tasks_task USING INTEGER PRIMARY KEY (rowid=?)']],
  [
    'workflows: unanswered node',
    UNANSWERED_NODE,
    [
      'SEARCH node USING INDEX tasks_node_state (workflow=? AND state=?)',
      'CORRELATED SCALAR SUBQUERY 1',
      'SEARCH tasks_edge USING PRIMARY KEY (parent=?)',
      'SEARCH answer USING INTEGER PRIMARY KEY (rowid=?)',
    ],
  ],
  [
    'workflows: overdue workflow',
    OVERDUE_WORKFLOW,
    [
      'SEARCH tasks_workflow USING INTEGER PRIMARY KEY (rowid=?)',
      'SCALAR SUBQUERY 1',
      'SEARCH tasks_workflow USING INDEX tasks_workflow_deadline (deadline_at>? AND deadline_at<?)',
    ],
  ],
  [
    'workflows: expired workflow',
    EXPIRED_WORKFLOW,
    [
      'SEARCH tasks_workflow USING INTEGER PRIMARY KEY (rowid=?)',
      'SCALAR SUBQUERY 1',
      'SEARCH tasks_workflow USING COVERING INDEX tasks_workflow_expiry (expires_at>? AND expires_at<?)',
    ],
  ],
  ['workflows: walked workflow', WALKED_WORKFLOW, ['SCAN tasks_workflow USING INDEX tasks_workflow_walk']],
  [
    'workflows: nodes of workflow',
    NODES_OF_WORKFLOW,
    [
      'SEARCH tasks_node USING INDEX tasks_node_number (workflow=? AND number>?)',
      'CORRELATED SCALAR SUBQUERY 1',
      'SEARCH tasks_workflow USING INTEGER PRIMARY KEY (rowid=?)',
      'CORRELATED SCALAR SUBQUERY 2',
      'SEARCH tasks_node_work USING PRIMARY KEY (kind=? AND node=?)',
      'CORRELATED SCALAR SUBQUERY 3',
      'SEARCH tasks_node_work USING PRIMARY KEY (kind=? AND node=?)',
    ],
  ],
  [
    'workflows: delete edges of nodes',
    DELETE_EDGES_OF_NODES,
    [
      'SEARCH tasks_edge USING PRIMARY KEY (parent=?)',
      'LIST SUBQUERY 1',
      'SEARCH tasks_node USING COVERING INDEX tasks_node_number (workflow=?)',
    ],
  ],
  ['workflows: workflow', WORKFLOW, ['SEARCH tasks_workflow USING INDEX sqlite_autoindex_tasks_workflow_1 (id=?)']],
  ['workflows: workflows', WORKFLOWS, ['SEARCH tasks_workflow USING INTEGER PRIMARY KEY (rowid<?)']],
  [
    'workflows: workflows by name',
    WORKFLOWS_BY_NAME,
    ['SEARCH tasks_workflow USING INDEX tasks_workflow_name (name=? AND seq<?)'],
  ],
  [
    'workflows: workflows by state',
    WORKFLOWS_BY_STATE,
    ['SEARCH tasks_workflow USING INDEX tasks_workflow_state (state=? AND seq<?)'],
  ],
  [
    'workflows: workflows by tag',
    WORKFLOWS_BY_TAG,
    [
      'SEARCH tasks_workflow_tag USING PRIMARY KEY (tag=? AND value=? AND workflow<?)',
      'CORRELATED SCALAR SUBQUERY 2',
      'SCAN wanted VIRTUAL TABLE INDEX 1:',
      'CORRELATED SCALAR SUBQUERY 1',
      'SEARCH other USING PRIMARY KEY (tag=? AND value=? AND workflow=?)',
      'SEARCH tasks_workflow USING INTEGER PRIMARY KEY (rowid=?)',
    ],
  ],
  [
    'workflows: count of tag',
    COUNT_OF_WORKFLOW_TAG,
    ['CO-ROUTINE (subquery-1)', 'SEARCH tasks_workflow_tag USING PRIMARY KEY (tag=? AND value=?)', 'SCAN (subquery-1)'],
  ],
  [
    'workflows: delete tags',
    DELETE_TAGS_OF_WORKFLOW,
    ['SEARCH tasks_workflow_tag USING COVERING INDEX tasks_workflow_tag_workflow (workflow=?)'],
  ],
  ['workflows: go on with start', GO_ON_WITH_START, ['SEARCH tasks_workflow USING INTEGER PRIMARY KEY (rowid=?)']],
  ['workflows: finish start', FINISH_START, ['SEARCH tasks_workflow USING INTEGER PRIMARY KEY (rowid=?)']],
  ['workflows: give start up', GIVE_START_UP, ['SEARCH tasks_workflow USING INTEGER PRIMARY KEY (rowid=?)']],
  [
    'workflows: overtake start',
    OVERTAKE_START,
    ['SEARCH tasks_workflow USING INDEX sqlite_autoindex_tasks_workflow_1 (id=?)'],
  ],
  [
    'workflows: is being started',
    IS_BEING_STARTED,
    ['SEARCH tasks_workflow USING INDEX sqlite_autoindex_tasks_workflow_1 (id=?)'],
  ],
  [
    'workflows: nodes at issue',
    NODES_AT_ISSUE,
    [
      'SEARCH tasks_node USING INDEX tasks_node_state (workflow=? AND state=?)',
      'CORRELATED SCALAR SUBQUERY 1',
      'SEARCH cause USING INTEGER PRIMARY KEY (rowid=?)',
      'CORRELATED SCALAR SUBQUERY 3',
      'SEARCH tasks_task USING INTEGER PRIMARY KEY (rowid=?)',
      'CORRELATED SCALAR SUBQUERY 2',
      'SEARCH tasks_node_task USING COVERING INDEX tasks_node_task_node (node=?)',
      'CORRELATED SCALAR SUBQUERY 4',
      'SEARCH tasks_edge USING COVERING INDEX tasks_edge_child (child=?)',
    ],
  ],
  [
    'workflows: numbers after',
    NUMBERS_AFTER,
    [
      'SEARCH tasks_edge USING COVERING INDEX tasks_edge_child (child=?)',
      'SEARCH tasks_node USING INTEGER PRIMARY KEY (rowid=?)',
      'USE TEMP B-TREE FOR ORDER BY',
    ],
  ],
  [
    'workflows: results after',
    RESULTS_AFTER,
    [
      'SEARCH tasks_workflow USING COVERING INDEX sqlite_autoindex_tasks_workflow_1 (id=?)',
      'SEARCH tasks_node_task USING COVERING INDEX tasks_node_task_name (workflow=? AND name=? AND task>?)',
      'SEARCH tasks_task USING INTEGER PRIMARY KEY (rowid=?)',
      'SEARCH tasks_result USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN',
    ],
  ],
  [
    'workflows: nodes of name',
    NODES_OF_NAME,
    [
      'SEARCH tasks_node USING INDEX tasks_node_name (workflow=? AND name=?)',
      'CORRELATED SCALAR SUBQUERY 1',
      'SEARCH tasks_workflow USING INTEGER PRIMARY KEY (rowid=?)',
      'CORRELATED SCALAR SUBQUERY 2',
      'SEARCH tasks_node_work USING PRIMARY KEY (kind=? AND node=?)',
      'CORRELATED SCALAR SUBQUERY 3',
      'SEARCH tasks_node_work USING PRIMARY KEY (kind=? AND node=?)',
    ],
  ],
  ['workflows: note settling', NOTE_SETTLING, ['SEARCH tasks_task USING INTEGER PRIMARY KEY (rowid=?)']],
  ['prune the audit record', PRUNE_AUDIT, ['SEARCH tasks_audit USING INTEGER PRIMARY KEY (rowid<?)']],
  [
    'due schedules',
    DUE_SCHEDULES,
    ['SEARCH tasks_schedule USING INDEX tasks_schedule_due (next_run_at>? AND next_run_at<?)'],
  ],
  ['next tick', NEXT_TICK, ['SEARCH tasks_schedule USING INDEX tasks_schedule_due (next_run_at>?)']],
  [
    'schedules with ticks that were passed over',
    PASSED_OVER_SCHEDULES,
    ['SEARCH tasks_schedule USING INDEX tasks_schedule_passed_over (next_run_at>?)'],
  ],
  ['plan a schedule anew', PLAN_SCHEDULE, ['SEARCH tasks_schedule USING PRIMARY KEY (name=?)']],
  ['take a tick', TAKE_TICK, ['SEARCH tasks_schedule USING PRIMARY KEY (name=?)']],
  [
    'does a run of a schedule wait',
    WAITING_RUN,
    ['SEARCH tasks_task USING COVERING INDEX tasks_task_by_kind (queue=? AND name=? AND state=?)'],
  ],
  ['is a run of a schedule under way', RUNNING_RUN, ['SCAN tasks_task USING INDEX tasks_task_running']],
  [
    'does nobody know the last run of a schedule',
    UNHANDLED_RUN,
    [
      'SEARCH run USING INDEX tasks_task_id (id=?)',
      'CORRELATED SCALAR SUBQUERY 1',
      'SEARCH tasks_attempt USING PRIMARY KEY (task=? AND attempt=?)',
    ],
  ],
];

/** Indexes of tables that no statement reads yet. */
const STATEMENTS_TO_COME = new Set(['tasks_tag_task', 'tasks_signal_task']);

describe('query plans', () => {
  let connection: Connection;

  beforeAll(async () => {
    connection = await openConnection(':memory:', 'full');
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

  it('go by every index that there is: each one costs something whenever a row is put in', () => {
    const names = connection.database
      .prepare("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name")
      .pluck()
      .all() as string[];
    const steps = EXPECTED.flatMap(([, , plan]) => plan);
    const unused = names.filter((name) => !steps.some((step) => step.split(' ').includes(name)));
    expect(unused.filter((name) => !STATEMENTS_TO_COME.has(name))).toEqual([]);
  });

  it.each([
    NEXT_TASKS,
    CLAIM_TASKS,
    NEXT_TURNS,
    RUNNING_IN_QUEUE,
    INSERTED_IDS,
    TAKEN_SLOTS,
    NEXT_HELD,
    LAST_READY,
    FIRST_HELD_OF_KEYS,
  ])('is not made anew whenever a number is bound to a limit that claims and stores: %s', (sql) =>
    expect(sql).not.toMatch(/LIMIT \?/),
  );

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
    { queue: ['emails', 'imports'], name: ['send_email', 'import_file'] },
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
