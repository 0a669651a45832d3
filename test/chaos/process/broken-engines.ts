import Database from 'better-sqlite3';
import { ConsumerPool } from '../../../lib/engine/sqlite/consumer/consumer-pool.js';
import { SqliteEnqueueing } from '../../../lib/engine/sqlite/facets/enqueueing.js';
import { Liveness } from '../../../lib/engine/sqlite/process/liveness.js';
import { ALL_QUEUES, NEXT_TASKS } from '../../../lib/engine/sqlite/sql/claim-tasks.js';
import { RETRY_TASK } from '../../../lib/engine/sqlite/sql/finish-attempt.js';
import { DUE_TASKS, NEXT_DUE, PROMOTE_TASK } from '../../../lib/engine/sqlite/sql/promote-tasks.js';
import { NEXT_EXPIRY } from '../../../lib/engine/sqlite/sql/prune-tasks.js';
import { RESCUE_TASK, TASKS_OF_WORKER } from '../../../lib/engine/sqlite/sql/rescue-tasks.js';
import { TAKE_TICK } from '../../../lib/engine/sqlite/sql/schedule-rows.js';
import {
  alteredStatements,
  CLAIMS_WHAT_RUNS,
  deletesEarly,
  IN_THE_ORDER_OF_ARRIVAL,
  NO_FENCING,
  type Alteration,
} from '../../support/alterations.js';

const HOUR_MS = 60 * 60_000;

/** Ways in which an engine may be wrong, to see that the checker finds them. Each breaks the engine of this process. */
const BREAK = {
  'no fencing': () => alter(...NO_FENCING),
  'acknowledges before the commit': () => {
    const { prototype } = SqliteEnqueueing;
    const { enqueue } = prototype;
    prototype.enqueue = async function (this: SqliteEnqueueing, tasks, within) {
      const stored = enqueue.call(this, tasks, within);
      if (within) return stored;
      stored.catch(() => undefined);
      return tasks.map(() => 'stored');
    };
  },
  'a rescue that ignores heartbeats': () => {
    Liveness.prototype.isDead = () => true;
  },
  'claims what another worker runs': () => alter(...CLAIMS_WHAT_RUNS),
  'counts a lost attempt against the retries': () => alter([RESCUE_TASK, 'excused = excused + 1, ', '']),
  'forgets a retry': () => alter([RETRY_TASK, 'run_at = ?', 'run_at = ? + 1e12']),
  'runs every delayed task at once': () => promotes(-HOUR_MS),
  'promotes only what is five seconds late': () => promotes(5_000),
  'has a schedule stop after its first tick': () =>
    alter([
      TAKE_TICK,
      'SET next_run_at = ?',
      `SET next_run_at = iif((SELECT count(*) FROM tasks_task WHERE name = tasks_schedule.task) >= 1, NULL, ?)`,
    ]),
  'gives every ninth task the params of another': () =>
    alter([
      NEXT_TASKS,
      'THEN params END',
      `THEN iif(seq % 9 = 0, (SELECT params FROM tasks_task AS other ORDER BY other.seq LIMIT 1), params) END`,
    ]),
  'cancels what nobody asked it to': () =>
    alter([PROMOTE_TASK, `SET state = 'available'`, `SET state = iif(seq % 5 = 0, 'cancelled', 'available')`]),
  'fails a task that was lost once': () => alter([TASKS_OF_WORKER, 'lost,', 'lost + 1000 AS lost,']),
  'never gives up a task': () => alter([TASKS_OF_WORKER, 'lost,', '0 AS lost,']),
  'deletes what is still to be kept': () => alter(...deletesEarly(3 * HOUR_MS)),
  'never deletes anything': () => alter([NEXT_EXPIRY, 'SELECT expires_at', 'SELECT expires_at + 1e12 AS expires_at']),
  'delivers from a paused queue': () => alter([ALL_QUEUES, 'paused_at', 'NULL AS paused_at']),
  'serves in the order of arrival, whatever the priority': () => alter(...IN_THE_ORDER_OF_ARRIVAL),
  'claims nothing more after a lock that lasted': () => {
    const { prototype } = ConsumerPool as unknown as { prototype: { fetch(): void; fetching: Promise<void> | null } };
    const { fetch } = prototype;
    const gaveUp = new WeakSet<object>();
    prototype.fetch = function () {
      if (gaveUp.has(this)) return;
      const began = performance.now();
      fetch.call(this);
      void this.fetching?.then(() => {
        if (performance.now() - began > 500) gaveUp.add(this);
      });
    };
  },
} satisfies Record<string, () => void>;

export type BrokenEngine = keyof typeof BREAK;

export function breakEngine(how: BrokenEngine): void {
  BREAK[how]();
}

/** By a clock of its own, which is `late` milliseconds behind. */
function promotes(late: number): void {
  alter(
    [DUE_TASKS, 'run_at <= ?', `run_at + ${late} <= ?`],
    [NEXT_DUE, 'SELECT run_at', `SELECT run_at + ${late} AS run_at`],
  );
}

/** Has every connection of this process prepare other statements than it was given. */
function alter(...alterations: readonly Alteration[]): void {
  const altered = alteredStatements(alterations);
  const { prototype } = Database as unknown as { prototype: Database.Database };
  const prepare = prototype.prepare as (this: Database.Database, sql: string) => Database.Statement;
  prototype.prepare = function (this: Database.Database, sql: string) {
    return prepare.call(this, altered.get(sql) ?? sql);
  } as typeof prototype.prepare;
}
