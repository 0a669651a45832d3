import { vi } from 'vitest';
import type { TaskEngine } from '../../lib/engine/port/index.js';
import { CANCEL_WAITING_TASK, RETRY_ENDED_TASK, SET_TRAITS } from '../../lib/engine/sqlite/sql/act-on-tasks.js';
import { ADD_COUNT } from '../../lib/engine/sqlite/store/transaction.js';
import { RETRY_TASK } from '../../lib/engine/sqlite/sql/finish-attempt.js';
import { INSERT_TASK, INSERT_TASK_WITH_TRAITS } from '../../lib/engine/sqlite/sql/insert-tasks.js';
import { DUE_LAPSES, END_LAPSED_TASK, NEXT_LAPSE, PUT_LAPSE } from '../../lib/engine/sqlite/sql/lapse-tasks.js';
import { RESCUE_TASK } from '../../lib/engine/sqlite/sql/rescue-tasks.js';
import { NEXT_RESULT_EXPIRY, PRUNE_RESULTS, PUT_RESULT } from '../../lib/engine/sqlite/sql/result-rows.js';
import { Liveness } from '../../lib/engine/sqlite/process/liveness.js';
import { MINUTE } from '../conformance/harness.js';
import {
  CLAIMS_WHAT_RUNS,
  deletesEarly,
  IN_THE_ORDER_OF_ARRIVAL,
  NO_FENCING,
  type Alteration,
} from '../support/alterations.js';
import { alterer } from '../support/mutant-statements.js';
import { sqliteSite } from './sqlite-site.js';
import type { ModelSite } from './workplace.js';

/** An engine that is wrong in one way. */
export interface Mutant {
  readonly name: string;
  /** Makes the fault; it lasts until `vi.restoreAllMocks()`. */
  createSite(): Promise<ModelSite>;
}

export const MUTANTS: readonly Mutant[] = [
  inSql('takes the outcome of an attempt whose lease is lost (no fencing)', ...NO_FENCING),
  inSql('claims what another worker runs', ...CLAIMS_WHAT_RUNS),
  inSql('serves in the order of arrival, whatever the priority', ...IN_THE_ORDER_OF_ARRIVAL),
  inSql(
    'starts anew with a task that is handed over again',
    // A task whose id does not tell its time goes by the other.
    ...[INSERT_TASK, INSERT_TASK_WITH_TRAITS].map((sql): Alteration => [
      sql,
      'ON CONFLICT (id) DO NOTHING',
      `ON CONFLICT (id) DO UPDATE SET state = excluded.state, run_at = excluded.run_at`,
    ]),
  ),
  inSql('forgets a retry', [RETRY_TASK, 'run_at = ?', 'run_at = ? + 1e12']),
  inSql('runs a task that was cancelled', [CANCEL_WAITING_TASK, `state = 'cancelled'`, `state = 'available'`]),
  inSql('grants no retries anew to a task that is retried by hand', [RETRY_ENDED_TASK, 'excused = attempt, ', '']),
  inSql('counts wrongly', [
    ADD_COUNT,
    'count + excluded.count',
    `count + excluded.count * (excluded.state <> 'retryable')`,
  ]),
  inSql('has a lost attempt count against the retries', [RESCUE_TASK, 'excused = excused + 1, ', '']),
  inSql('deletes what is still to be kept', ...deletesEarly(5 * MINUTE)),
  inSql(
    'ends tasks before their time',
    [NEXT_LAPSE, 'SELECT at', `SELECT at - ${5 * MINUTE} AS at`],
    [DUE_LAPSES, 'at <= ?', `at - ${5 * MINUTE} <= ?`],
    // Else it looks again when the time has come.
    [DUE_LAPSES, 'attempt, traits', `attempt, json_set(traits, '$.startBy', 1) AS traits`],
  ),
  inSql('ends what has started when it should have started', [DUE_LAPSES, ' attempt,', ' 0 AS attempt,']),
  inSql('ends what runs at its deadline', [DUE_LAPSES, ' state,', ` replace(state, 'running', 'available') AS state,`]),
  inSql('fails what has not started in time', [
    END_LAPSED_TASK,
    'SET state = ?',
    `SET state = replace(?, 'cancelled', 'failed')`,
  ]),
  inSql('forgets the deadline of what is handed back', [PUT_LAPSE, 'VALUES (?, ?)', 'VALUES (?, ? + 1e12)']),
  inSql('binds a task that is retried by hand to a time that is over', [
    SET_TRAITS,
    'SET traits = ?',
    'SET traits = coalesce(traits, ?)',
  ]),
  inSql('keeps another result than the handler returned', [PUT_RESULT, 'VALUES (?, ?,', `VALUES (?, json_array(?),`]),
  inSql(
    'lets results go that are still to be kept',
    [NEXT_RESULT_EXPIRY, 'SELECT expires_at', `SELECT expires_at - ${5 * MINUTE} AS expires_at`],
    [PRUNE_RESULTS, 'expires_at <= ?', `expires_at - ${5 * MINUTE} <= ?`],
  ),
  {
    name: 'takes every other process for dead (a rescue that ignores heartbeats)',
    createSite: () => {
      vi.spyOn(Liveness.prototype, 'isDead').mockReturnValue(true);
      return sqliteSite();
    },
  },
  {
    name: 'acknowledges before the commit',
    createSite: async () => {
      const site = await sqliteSite();
      return { ...site, engine: (context) => hasty(site.engine(context)) };
    },
  },
];

/** The engine with statements of its own altered. */
function inSql(name: string, ...alterations: readonly Alteration[]): Mutant {
  const alter = alterer(alterations);
  return {
    name,
    createSite: () => {
      vi.restoreAllMocks();
      alter();
      return sqliteSite();
    },
  };
}

function hasty(engine: TaskEngine): TaskEngine {
  const { enqueueing } = engine;
  const unawaited: TaskEngine['enqueueing'] = {
    enqueue: async (tasks) => {
      void enqueueing.enqueue(tasks);
      return tasks.map(() => 'stored');
    },
    existing: (tasks) => enqueueing.existing(tasks),
    noteSensitive: (paths) => enqueueing.noteSensitive(paths),
  };
  return { ...engine, enqueueing: unawaited };
}
