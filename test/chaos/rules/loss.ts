import { isDeepStrictEqual } from 'node:util';
import { expectedOf } from '../expected.js';
import type { History, StoredTask, TaskHistory } from '../history.js';
import { KEPT_BRIEFLY_MS } from '../process/setup.js';
import { hasEnded, lostAtTheEnd, runOf } from './outcomes.js';
import type { Report } from './rule.js';

/** A duty deletes what has expired with a pause between two rounds; a busy machine makes it later. */
const LATE_DELETION_MS = 3_000;

/** What was acknowledged is there and has ended; what was rolled back is not there. Nothing is kept for longer than it is to be. */
export function checkLoss({ tasks, store }: History, report: Report): void {
  for (const task of tasks.values()) {
    const { id, acknowledged, rolledBack, runs, stored } = task;
    if (rolledBack && runs.length > 0) report('rolled back', id, 'was rolled back and has run');
    if (rolledBack && stored) report('rolled back', id, 'was rolled back and is in the store');
    if (stored && !hasEnded(stored.state)) {
      report('unfinished', id, `is still ${stored.state} although all is over`);
    }
    if (stored && store.deletesInTime && isBrief(task)) checkDeletion(task, store.readAt, report);
    if (stored || wasDeletedInTime(task, store.maxLostAttempts)) continue;
    if (acknowledged) report('lost', id, 'was acknowledged and is not in the store');
    else if (runs.length > 0) report('lost', id, 'was run and is not in the store');
  }
}

function isBrief({ acknowledged, runs, stored }: TaskHistory): boolean {
  return (acknowledged?.asked.name ?? stored?.name ?? runs[0]?.name) === 'brief';
}

/** Of those that are not kept, nothing is left but the call that did its work; or too many that were lost with their process. */
function wasDeletedInTime(task: TaskHistory, maxLostAttempts: number): boolean {
  const { runs } = task;
  return isBrief(task) && (runs.some(({ how }) => how === 'done') || runs.length >= maxLostAttempts);
}

function checkDeletion({ id, runs }: TaskHistory, readAt: number, report: Report): void {
  const over = (runs.at(-1)?.end ?? Infinity) + (KEPT_BRIEFLY_MS + LATE_DELETION_MS) * 1_000;
  if (over < readAt) report('retention', id, `is still there ${(readAt - over) / 1_000} ms after it should be gone`);
}

/** A process may die in the moment between the claim of a task and the call of its handler. */
const UNCALLED = 2;

/**
 * A task that is lost with its process again and again fails, and only such a task does: one that merely waited in
 * processes that died had no part in it.
 */
export function checkPoison({ tasks, store: { maxLostAttempts } }: History, report: Report): void {
  for (const task of tasks.values()) {
    const { id, stored } = task;
    if (!stored || !hasEnded(stored.state)) continue;
    const called = lostInARow(task, stored);
    if (called > maxLostAttempts) report('poison', id, `was lost ${called} times in a row and ran again`);
    if (!failedByLoss(stored)) continue;
    const last = lostAtTheEnd(stored);
    const begun = last.filter(({ attempt }) => runOf(task, attempt)).length;
    if (begun < maxLostAttempts - UNCALLED) {
      report('poison', id, `failed after ${last.length} lost attempts, in ${begun} of which its handler was called`);
    }
  }
}

/** Whether it ended as one that may be what kills its process. */
export function failedByLoss(stored: StoredTask): boolean {
  return stored.state === 'failed' && stored.attempts.at(-1)?.outcome === 'lost';
}

/** The longest row of lost attempts in which the handler was called. */
function lostInARow(task: TaskHistory, { attempts }: StoredTask): number {
  let most = 0;
  let row = 0;
  for (const { attempt, outcome } of attempts) {
    if (outcome !== 'lost' && outcome !== 'released') row = 0;
    else if (outcome === 'lost' && runOf(task, attempt)) row += 1;
    most = Math.max(most, row);
  }
  return most;
}

/** PostgreSQL keeps JSON by its values: the order of an object's keys is its own. */
function isSameJson(one: string, other: string): boolean {
  return one === other || isDeepStrictEqual(JSON.parse(one), JSON.parse(other));
}

/** A task is stored and run as it was asked for. */
export function checkAlterations({ tasks }: History, report: Report): void {
  for (const { id, acknowledged, stored, runs } of tasks.values()) {
    const asked = acknowledged?.asked;
    if (asked && stored) {
      for (const what of ['name', 'params', 'priority'] as const) {
        if (what === 'params' ? !isSameJson(stored.params, asked.params) : stored[what] !== asked[what]) {
          report('altered', id, `is stored with ${what} ${stored[what]}; ${asked[what]} was asked for`);
        }
      }
    }
    const right = asked ?? stored;
    for (const { attempt, name, params } of runs) {
      if (!right || (name === right.name && (params === null || isSameJson(params, right.params)))) continue;
      report('altered', id, `attempt ${attempt} ran ${name} ${params}; expected ${right.name} ${right.params}`);
    }
  }
}

/** Nobody enqueues one twice, so whatever was stored twice was doubled on the way. */
export function checkKeys({ tasks }: History, report: Report): void {
  const keys = new Map<string, string>();
  for (const { id, stored } of tasks.values()) {
    const key = stored && keyOf(stored);
    if (!key) continue;
    const other = keys.get(key);
    if (other) report('stored twice', id, `${key} is stored as ${other}, too`);
    keys.set(key, id);
  }
}

function keyOf({ params }: StoredTask): string | undefined {
  return (JSON.parse(params) as { key?: string }).key;
}

/** How a task must end; null where chance may have ended it: cancelled, or lost too often. */
export function endOf({ acknowledged, stored }: TaskHistory): ReturnType<typeof expectedOf> | null {
  const asked = acknowledged?.asked ?? stored;
  if (!asked || !stored || stored.state === 'cancelled' || failedByLoss(stored)) return null;
  return expectedOf(asked);
}
