import { vi } from 'vitest';
import { FIRST_OF_NAME, FORGET_STEPS } from '../../../lib/engine/sqlite/sql/retry-from.js';
import { INSERT_SIGNAL, NEXT_SIGNAL, TAKE_SIGNAL } from '../../../lib/engine/sqlite/sql/signal-rows.js';
import { MARK_STEPS, PUT_STEP } from '../../../lib/engine/sqlite/sql/step-rows.js';
import { SUSPEND_TASK } from '../../../lib/engine/sqlite/sql/suspend-task.js';
import { FINISH_WAIT, OPEN_WAITS, STATE_OF_TASK, WAITING_CALLER } from '../../../lib/engine/sqlite/sql/wake-tasks.js';
import { StepBook } from '../../../lib/steps/step-book.js';
import { Suspension } from '../../../lib/steps/suspension.js';
import type { Alteration } from '../../support/alterations.js';
import { alterer } from '../../support/mutant-statements.js';

/** A library that breaks one rule of durable steps. */
export interface StepsMutant {
  readonly name: string;
  /** Makes the fault; it lasts until `vi.restoreAllMocks()`. */
  make(): void;
}

/** Those that are looked for in each run: the first few histories show each. */
export const STEPS_MUTANTS: readonly StepsMutant[] = [
  // A row that is marked as none: the attempt after it has the effect once more.
  inSql('does not tell a later attempt that there are records', [MARK_STEPS, `json('true')`, `json('false')`]),
  // A signal that answers two waits.
  inSql('gives a signal twice', [TAKE_SIGNAL, 'DELETE FROM tasks_signal', 'UPDATE tasks_signal SET name = name']),
  // The one that was sent last comes first.
  inSql('gives signals in the wrong order', [NEXT_SIGNAL, 'min(id)', 'max(id)']),
  // The end of a called task tells nobody.
  inSql('leaves the caller of a task that has ended where it is', [WAITING_CALLER, `kind = 'call'`, `kind = 'none'`]),
];

/**
 * They are looked for where a run is to be thorough. That the record of a lost attempt is refused is not among them: a process
 * that finds its lease gone gives up first here, and `test/conformance/stepping.suite.ts` has that.
 */
export const RARE_STEPS_MUTANTS: readonly StepsMutant[] = [
  // Called and ended before its caller was put aside: found by nobody later.
  inSql('does not look whether what is called has ended by now', [
    STATE_OF_TASK,
    'SELECT state',
    `SELECT 'running' AS state`,
  ]),
  // Retried from a step, it forgets what was recorded before that, too; or leaves what was recorded after it.
  inSql('forgets all steps where it is retried from one', [FORGET_STEPS, 'position >= ?', 'position >= 0 * ?']),
  inSql('forgets one step where it is retried from it', [FORGET_STEPS, 'position >= ?', 'position = ?']),
  // Of several of one name the first counts.
  inSql('begins with the last step of a name', [FIRST_OF_NAME, 'min(position)', 'max(position)']),
  // A suspension that uses up an attempt: a task that waits often fails.
  inSql('counts an attempt that was suspended', [SUSPEND_TASK, 'excused + 1', 'excused']),
  // A time that is over begins anew with each attempt that finds it.
  inSql('forgets that a time is over', [FINISH_WAIT, 'SET finished_at = ?,', 'SET finished_at = iif(?, NULL, NULL),']),
  // What an attempt before the last one waited for is taken for what is waited for now, and the other way round.
  inSql('knows what is waited for by the attempt before', [
    OPEN_WAITS,
    'tasks_task.attempt = tasks_step.attempt',
    'tasks_task.attempt = tasks_step.attempt + 1',
  ]),
  // Sent to a task that does not wait for it: kept no longer than the commit.
  inSql('loses a signal that nobody waits for', [INSERT_SIGNAL, 'VALUES (?,', 'VALUES (? + 1e9,']),
  // The places of two steps of one name.
  inSql('records the second step of a name in the place of the first', [
    PUT_STEP,
    '?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?',
    '?1, ?2, ?3, ?4, min(?5, 0), ?6, ?7, ?8, ?9, ?10, ?11',
  ]),
  // A wait that began beside a step which failed, or was cut off, begins anew.
  {
    name: 'puts nothing on record of what it waits for beside a step',
    make: () => void vi.spyOn(Suspension.prototype, 'noteAll').mockImplementation(() => undefined),
  },
  // Steps of one name are told apart by how often it was begun.
  {
    name: 'takes the second step of a name for the first',
    make: () => {
      const begin = StepBook.prototype.begin;
      vi.spyOn(StepBook.prototype, 'begin').mockImplementation(function (this: StepBook, ...args) {
        const begun = begin.apply(this, args);
        return { ...begun, place: { ...begun.place, number: 0 } };
      });
    },
  },
];

function inSql(name: string, ...alterations: readonly Alteration[]): StepsMutant {
  return { name, make: alterer(alterations) };
}
