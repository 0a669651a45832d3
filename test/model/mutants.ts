import Database from 'better-sqlite3';
import { vi } from 'vitest';
import type { NewTask, TaskEngine } from '../../lib/engine/index.js';
import { CANCEL_WAITING_TASK, RETRY_ENDED_TASK } from '../../lib/engine/sqlite/statements/act-on-tasks.js';
import { ADD_COUNT } from '../../lib/engine/sqlite/statements/add-counts.js';
import { RETRY_TASK } from '../../lib/engine/sqlite/statements/finish-attempt.js';
import { INSERT_TASK } from '../../lib/engine/sqlite/statements/insert-tasks.js';
import { NEXT_EXPIRY, PRUNE_TASKS } from '../../lib/engine/sqlite/statements/prune-tasks.js';
import { RESCUE_TASK } from '../../lib/engine/sqlite/statements/rescue-tasks.js';
import { Liveness } from '../../lib/engine/sqlite/workers/liveness.js';
import { alteredStatements, CLAIMS_WHAT_RUNS, inClaims, NO_FENCING, type Alteration } from '../support/alterations.js';
import { sqliteSite } from './sqlite-site.js';
import type { ModelSite } from './workplace.js';

/** An engine that is wrong in one way. */
export interface Mutant {
  readonly name: string;
  /** What the check says of it. */
  readonly caughtBy: RegExp;
  /** Makes the fault; it lasts until `vi.restoreAllMocks()`. */
  createSite(): Promise<ModelSite>;
}

const DISAGREES = /the engine says .*, the model/;

export const MUTANTS: readonly Mutant[] = [
  inSql('takes the outcome of an attempt whose lease is lost (no fencing)', DISAGREES, ...NO_FENCING),
  inSql('claims what another worker runs', /two live owners|the engine says/, ...CLAIMS_WHAT_RUNS),
  inSql(
    'serves in the order of arrival, whatever the priority',
    /Run in the order|the engine says/,
    ...inClaims('ORDER BY priority DESC, seq', 'ORDER BY seq'),
  ),
  inSql('starts anew with a task that is handed over again', DISAGREES, [
    INSERT_TASK,
    'ON CONFLICT (id) DO NOTHING',
    `ON CONFLICT (id) DO UPDATE SET state = excluded.state, run_at = excluded.run_at`,
  ]),
  inSql('forgets a retry', DISAGREES, [RETRY_TASK, 'run_at = ?', 'run_at = ? + 1e12']),
  inSql('runs a task that was cancelled', DISAGREES, [
    CANCEL_WAITING_TASK,
    `state = 'cancelled'`,
    `state = 'available'`,
  ]),
  inSql('grants no retries anew to a task that is retried by hand', /attempts are excused/, [
    RETRY_ENDED_TASK,
    'excused = attempt, ',
    '',
  ]),
  inSql('counts wrongly', DISAGREES, [
    ADD_COUNT,
    'count + excluded.count',
    `count + excluded.count * (excluded.state <> 'retryable')`,
  ]),
  inSql('has a lost attempt count against the retries', /attempts are excused/, [
    RESCUE_TASK,
    'excused = excused + 1, ',
    '',
  ]),
  inSql(
    'deletes what is still to be kept',
    DISAGREES,
    [NEXT_EXPIRY, 'SELECT expires_at', 'SELECT expires_at - 300000 AS expires_at'],
    [PRUNE_TASKS, 'expires_at <= ?', 'expires_at - 300000 <= ?'],
  ),
  {
    name: 'takes every other process for dead (a rescue that ignores heartbeats)',
    caughtBy: DISAGREES,
    createSite: () => {
      vi.spyOn(Liveness.prototype, 'isDead').mockReturnValue(true);
      return sqliteSite();
    },
  },
  {
    name: 'acknowledges before the commit',
    caughtBy: /was acknowledged and is not stored/,
    createSite: async () => {
      const site = await sqliteSite();
      return { ...site, engine: (context) => hasty(site.engine(context)) };
    },
  },
];

/** The engine with statements of its own altered. */
function inSql(name: string, caughtBy: RegExp, ...alterations: readonly Alteration[]): Mutant {
  const altered = alteredStatements(alterations);
  return {
    name,
    caughtBy,
    createSite: () => {
      vi.restoreAllMocks();
      const { prototype } = Database as unknown as { prototype: Database.Database };
      const prepare = prototype.prepare as (this: Database.Database, sql: string) => Database.Statement;
      vi.spyOn(prototype, 'prepare').mockImplementation(function (this: Database.Database, sql: string) {
        return prepare.call(this, altered.get(sql) ?? sql);
      });
      return sqliteSite();
    },
  };
}

function hasty(engine: TaskEngine): TaskEngine {
  const store = engine.enqueue.bind(engine);
  engine.enqueue = async (tasks: readonly NewTask[]) => void store(tasks);
  return engine;
}
