import Database from 'better-sqlite3';
import { RETRY_TASK } from '../../../lib/engine/sqlite/statements/finish-attempt.js';
import { RESCUE_TASK } from '../../../lib/engine/sqlite/statements/rescue-tasks.js';
import { SqliteEngine } from '../../../lib/engine/sqlite/index.js';
import { Liveness } from '../../../lib/engine/sqlite/workers/liveness.js';
import { alteredStatements, CLAIMS_WHAT_RUNS, NO_FENCING, type Alteration } from '../../support/alterations.js';

/** Ways in which an engine may be wrong, to see that the checker finds them. Each breaks the engine of this process. */
const BREAK = {
  'no fencing': () => alter(...NO_FENCING),
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
  'claims what another worker runs': () => alter(...CLAIMS_WHAT_RUNS),
  'counts a lost attempt against the retries': () => alter([RESCUE_TASK, 'excused = excused + 1, ', '']),
  'forgets a retry': () => alter([RETRY_TASK, 'run_at = ?', 'run_at = ? + 1e12']),
} satisfies Record<string, () => void>;

export type BrokenEngine = keyof typeof BREAK;

export function breakEngine(how: BrokenEngine): void {
  BREAK[how]();
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
