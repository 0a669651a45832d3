import { storedKey } from '../../common/index.js';
import { runScript } from '../sql/run-script.js';
import { traitsIn } from '../sql/task-traits.js';
import { keyHolder, takeUniqueKey } from '../sql/unique-keys.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';

/**
 * Tasks that hold a key until they have ended, and nothing else releases it, of which the table of keys knows nothing: a
 * second task could be enqueued beside them. Of the other keys nobody can tell whether they were taken over meanwhile.
 */
const WITHOUT_KEY = `
  SELECT seq, queue, name, attempt, traits, created_at AS createdAt FROM tasks_task
   WHERE traits IS NOT NULL AND json_valid(traits)
     AND traits ->> '$.unique.until' = 'ended' AND traits ->> '$.unique.for' IS NULL
     AND state NOT IN ('completed', 'failed', 'cancelled')
     AND NOT EXISTS (SELECT 1 FROM tasks_unique WHERE tasks_unique.task = seq)
   ORDER BY seq`;

interface Row {
  readonly seq: number;
  readonly queue: string;
  readonly name: string;
  readonly attempt: number;
  readonly traits: string;
  readonly createdAt: number;
}

/** How many tasks lack the key that they hold. Reads every task: for a check, never for an app at work. */
export function tasksWithoutKey(database: Database): number {
  return statement<[], { tasks: number }>(database, `SELECT count(*) AS tasks FROM (${WITHOUT_KEY})`).get()!.tasks;
}

/** Gives tasks their keys back, but for those whose key another one has. */
export function giveKeysBack(transaction: Transaction): void {
  for (const row of statement<[], Row>(transaction.database, WITHOUT_KEY).all()) {
    const unique = traitsIn(row.traits).traits?.unique;
    if (!unique) continue;
    const key = storedKey(row, unique);
    if (runScript(transaction, keyHolder(key, row.createdAt)) !== null) continue;
    runScript(transaction, takeUniqueKey(key, row.seq, unique, row.attempt, row.createdAt));
  }
}
