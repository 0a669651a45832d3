import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import type { LapsingTask } from '../sql/lapse-tasks.js';
import { wakeTask } from '../sql/wake-tasks.js';

/** What is waited for, by the last attempt of a suspended task; what is no JSON is left out. */
const OPEN_WAIT = `
  SELECT 1 FROM tasks_step AS step
   WHERE step.task = tasks_task.seq AND step.attempt = tasks_task.attempt AND step.finished_at IS NULL
     AND json_valid(step.wait)`;

/** Reads every suspended task: for a check, never for an app at work. */
const STUCK = `
  SELECT seq, id, queue, name, state, attempt, traits, key,
         NOT EXISTS (${OPEN_WAIT}) AS waits_for_nothing,
         EXISTS (${OPEN_WAIT} AND json_extract(step.wait, '$.until') IS NOT NULL)
           AND NOT EXISTS (SELECT 1 FROM tasks_lapse WHERE tasks_lapse.task = tasks_task.seq) AS is_unlisted,
         EXISTS (${OPEN_WAIT} AND json_extract(step.wait, '$.task') IS NOT NULL
                   AND NOT EXISTS (SELECT 1 FROM tasks_task AS called
                                    WHERE called.id = json_extract(step.wait, '$.task')
                                      AND called.state NOT IN ('completed', 'failed', 'cancelled'))) AS was_answered,
         EXISTS (${OPEN_WAIT} AND EXISTS (SELECT 1 FROM json_each(step.wait, '$.signals') AS wanted
                                            JOIN tasks_signal ON tasks_signal.task = tasks_task.seq
                                             AND tasks_signal.name = wanted.value)) AS was_signalled
    FROM tasks_task
   WHERE state = 'suspended'`;

type StuckTask = LapsingTask & {
  readonly waits_for_nothing: number;
  readonly is_unlisted: number;
  readonly was_answered: number;
  readonly was_signalled: number;
};

/** Suspended tasks that nothing has go on, by why that is so. */
export interface StuckSuspended {
  /** They have no wait on record. */
  readonly waitless: number;
  /** They wait for a time, which nobody watches. */
  readonly unwatched: number;
  /** What they wait for has come: a signal, or the end of a task that they called. */
  readonly answered: number;
}

/** Each task is counted once. */
export function stuckSuspended(database: Database): StuckSuspended {
  const counts = { waitless: 0, unwatched: 0, answered: 0 };
  for (const task of stuckTasks(database)) {
    if (task.waits_for_nothing) counts.waitless += 1;
    else if (task.was_answered || task.was_signalled) counts.answered += 1;
    else counts.unwatched += 1;
  }
  return counts;
}

/** Has them go on: the handler is called again, finds what came, and is suspended anew where nothing did. */
export function wakeStuck(transaction: Transaction, now: number): void {
  for (const task of stuckTasks(transaction.database)) wakeTask(transaction, task, now);
}

function stuckTasks(database: Database): StuckTask[] {
  const all = statement<[], StuckTask>(database, STUCK).all();
  return all.filter((task) => task.waits_for_nothing || task.is_unlisted || task.was_answered || task.was_signalled);
}
