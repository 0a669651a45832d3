import Database from 'better-sqlite3';
import { CLAIM_TASKS, NEXT_TASKS } from '../../../lib/engine/sqlite/statements/claim-tasks.js';
import { COMPLETE_TASKS, INSERT_ATTEMPTS } from '../../../lib/engine/sqlite/statements/complete-tasks.js';
import { END_TASK, RETRY_TASK } from '../../../lib/engine/sqlite/statements/finish-attempt.js';
import { INSERT_ATTEMPT } from '../../../lib/engine/sqlite/statements/insert-attempt.js';
import { RESCUE_TASK } from '../../../lib/engine/sqlite/statements/rescue-tasks.js';
import { SqliteEngine } from '../../../lib/engine/sqlite/index.js';
import { Liveness } from '../../../lib/engine/sqlite/workers/liveness.js';

/** A statement, what is replaced in it, and with what. */
type Alteration = readonly [sql: string, from: string, to: string];

/** Ways in which an engine may be wrong, to see that the checker finds them. Each breaks the engine of this process. */
const BREAK = {
  'no fencing': () =>
    alter(
      [END_TASK, `attempt = ? AND worker = ? AND state = 'running'`, `? > 0 AND ? <> ''`],
      ...each(COMPLETE_TASKS, `attempt = column2 AND worker = ? AND state = 'running'`, `column2 > 0 AND ? <> ''`),
      // Else the record of the lost attempt is in the way: a second fence.
      [INSERT_ATTEMPT, 'INSERT INTO', 'INSERT OR REPLACE INTO'],
      ...each(INSERT_ATTEMPTS, 'INSERT INTO', 'INSERT OR REPLACE INTO'),
    ),
  'acknowledges before the commit': () => {
    const { prototype } = SqliteEngine;
    const { enqueue } = prototype;
    prototype.enqueue = async function (this: SqliteEngine, tasks, within) {
      const stored = enqueue.call(this, tasks, within);
      if (within) await stored;
      else stored.catch(() => undefined);
    };
  },
  'a rescue that ignores heartbeats': () => {
    Liveness.prototype.isDead = () => true;
  },
  'claims what another worker runs': () =>
    alter(
      [NEXT_TASKS, `state = 'available'`, `state IN ('available', 'running')`],
      [CLAIM_TASKS, `state = 'available'`, `state IN ('available', 'running')`],
    ),
  'counts a lost attempt against the retries': () => alter([RESCUE_TASK, 'excused = excused + 1, ', '']),
  'forgets a retry': () => alter([RETRY_TASK, 'run_at = ?', 'run_at = ? + 1e12']),
} satisfies Record<string, () => void>;

export type BrokenEngine = keyof typeof BREAK;

export function breakEngine(how: BrokenEngine): void {
  BREAK[how]();
}

/** In the statements for so many rows each. */
function each(statements: ReadonlyMap<number, string>, from: string, to: string): Alteration[] {
  return [...statements.values()].map((sql) => [sql, from, to]);
}

/** Has every connection of this process prepare other statements than it was given. */
function alter(...alterations: readonly Alteration[]): void {
  const altered = new Map(alterations.map(([sql, from, to]) => [sql, sql.replace(from, to)]));
  for (const [sql, text] of altered) if (text === sql) throw new Error(`Nothing is altered in ${sql}`);
  const { prototype } = Database as unknown as { prototype: Database.Database };
  const prepare = prototype.prepare as (this: Database.Database, sql: string) => Database.Statement;
  prototype.prepare = function (this: Database.Database, sql: string) {
    return prepare.call(this, altered.get(sql) ?? sql);
  } as typeof prototype.prepare;
}
