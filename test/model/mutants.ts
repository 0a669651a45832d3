import Database from 'better-sqlite3';
import { vi } from 'vitest';
import type { NewTask, TaskEngine } from '../../lib/engine/index.js';
import { CANCEL_WAITING_TASK, RETRY_ENDED_TASK } from '../../lib/engine/sqlite/statements/act-on-tasks.js';
import { ADD_COUNT } from '../../lib/engine/sqlite/statements/add-counts.js';
import { CLAIM_TASKS, NEXT_TASKS } from '../../lib/engine/sqlite/statements/claim-tasks.js';
import { COMPLETE_TASKS, INSERT_ATTEMPTS } from '../../lib/engine/sqlite/statements/complete-tasks.js';
import { END_TASK, RETRY_TASK } from '../../lib/engine/sqlite/statements/finish-attempt.js';
import { INSERT_TASK } from '../../lib/engine/sqlite/statements/insert-tasks.js';
import { INSERT_ATTEMPT } from '../../lib/engine/sqlite/statements/insert-attempt.js';
import { NEXT_EXPIRY, PRUNE_TASKS } from '../../lib/engine/sqlite/statements/prune-tasks.js';
import { RESCUE_TASK } from '../../lib/engine/sqlite/statements/rescue-tasks.js';
import { Liveness } from '../../lib/engine/sqlite/workers/liveness.js';
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

/** A statement, what is replaced in it, and with what. */
type Alteration = readonly [sql: string, from: string, to: string];

const DISAGREES = /the engine says .*, the model/;

export const MUTANTS: readonly Mutant[] = [
  inSql(
    'takes the outcome of an attempt whose lease is lost (no fencing)',
    DISAGREES,
    [END_TASK, `attempt = ? AND worker = ? AND state = 'running'`, `? > 0 AND ? <> ''`],
    ...each(COMPLETE_TASKS, `attempt = column2 AND worker = ? AND state = 'running'`, `column2 > 0 AND ? <> ''`),
    // Else the record of the lost attempt is in the way: a second fence.
    [INSERT_ATTEMPT, 'INSERT INTO', 'INSERT OR REPLACE INTO'],
    ...each(INSERT_ATTEMPTS, 'INSERT INTO', 'INSERT OR REPLACE INTO'),
  ),
  inSql(
    'claims what another worker runs',
    /two live owners|the engine says/,
    ...inBoth(`state = 'available'`, `state IN ('available', 'running')`),
  ),
  inSql(
    'serves in the order of arrival, whatever the priority',
    /Run in the order|the engine says/,
    ...inBoth('ORDER BY priority DESC, seq', 'ORDER BY seq'),
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

/** In what is read to be claimed, and in what claims it. */
function inBoth(from: string, to: string): Alteration[] {
  return [NEXT_TASKS, CLAIM_TASKS].map((sql) => [sql, from, to]);
}

/** In the statements for so many rows each. */
function each(statements: ReadonlyMap<number, string>, from: string, to: string): Alteration[] {
  return [...statements.values()].map((sql) => [sql, from, to]);
}

/** The engine with statements of its own altered. */
function inSql(name: string, caughtBy: RegExp, ...alterations: readonly Alteration[]): Mutant {
  const altered = new Map(alterations.map(([sql, from, to]) => [sql, sql.replace(from, to)]));
  for (const [sql, text] of altered) {
    if (text === sql) throw new Error(`The mutant that ${name} alters nothing in ${sql}`);
  }
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
