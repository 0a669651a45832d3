import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { flowOf } from '../sql/flow-rows.js';
import { TAKEN_SLOTS } from '../sql/slots.js';

/** Reads every held task: for a check, never for an app at work. */
const HELD_KEYS = `
  SELECT queue, key, count(*) AS tasks FROM tasks_task WHERE state = 'held' GROUP BY queue, key ORDER BY queue, key`;

const LET_GO = `UPDATE tasks_task SET state = 'available' WHERE state = 'held' AND queue = ? AND key IS NULL`;

/** Held tasks of a key that has slots free for some of them; of none, where they have no key. */
export interface IdleHeld {
  readonly queue: string;
  readonly key: string | null;
  readonly tasks: number;
}

/** What no end leaves behind, so that something else than nestjs-tasks set the state or took the holders away. */
export function idleHeld(database: Database): IdleHeld[] {
  return statement<[], IdleHeld>(database, HELD_KEYS)
    .all()
    .filter(({ queue, key }) => key === null || hasFreeSlot(database, queue, key));
}

/** Gives them the slots that are free. */
export function letHeldGoOn(transaction: Transaction): void {
  for (const { queue, key, tasks } of idleHeld(transaction.database)) {
    if (key !== null) transaction.keys.freed(queue, key);
    else {
      statement<[string]>(transaction.database, LET_GO).run(queue);
      transaction.moved(queue, 'held', 'available', tasks);
    }
  }
}

function hasFreeSlot(database: Database, queue: string, key: string): boolean {
  const { keyConcurrency } = flowOf(database, queue);
  if (keyConcurrency === undefined) return true;
  const taken = statement<[string, string, number], { taken: number }>(database, TAKEN_SLOTS);
  return taken.get(queue, key, keyConcurrency)!.taken < keyConcurrency;
}
