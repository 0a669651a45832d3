import type { History, Run, StoredTask, TaskHistory } from '../history.js';
import { endOf } from './loss.js';
import { COUNTED, GIVEN_UP, hasEnded, outcomeOf } from './outcomes.js';
import { Excuses } from './excuses.js';
import type { Report } from './rule.js';

export function checkAttempts(history: History, report: Report): void {
  const excuses = new Excuses(history.excuses);
  for (const task of history.tasks.values()) {
    const { stored } = task;
    checkOwners(task, excuses, report);
    checkLosses(task, excuses, report);
    checkCancelled(task, report);
    if (!stored) continue;
    checkCompletions(stored, report);
    checkRecord(task, stored, report);
    checkRetries(task, stored, history.store.isRemote, report);
  }
}

function checkCompletions(stored: StoredTask, report: Report): void {
  const { id, state, attempts } = stored;
  const completed = attempts.filter(({ outcome }) => outcome === 'completed');
  if (completed.length > 1) report('doubled', id, `was completed ${completed.length} times`);
  if (completed.length > 0 && attempts.at(-1)!.outcome !== 'completed') {
    report('doubled', id, 'has an attempt after the one that completed it');
  }
  if ((state === 'completed') !== (attempts.at(-1)?.outcome === 'completed')) {
    report('stale owner', id, `is ${state}, and its last attempt ${attempts.at(-1)?.outcome ?? 'missing'}`);
  }
}

/** Attempts are numbered from 1 without holes, none was started twice, and what is on record is what the handler did. */
function checkRecord(task: TaskHistory, { id, state, attempt, attempts }: StoredTask, report: Report): void {
  // One that is cancelled when it was claimed and has not begun is ended without a record of that attempt.
  const unbegun = state === 'cancelled' && attempts.length === attempt - 1 ? 1 : 0;
  if (attempts.length + unbegun !== attempt || attempts.some((one, index) => one.attempt !== index + 1)) {
    report('attempts', id, `has ${attempt} attempts, on record: ${attempts.map((one) => one.attempt).join(', ')}`);
  }
  const runs = new Map<number, Run>();
  for (const run of task.runs) {
    if (runs.has(run.attempt)) report('attempts', id, `attempt ${run.attempt} was started twice`);
    // What an engine keeps of a cancelled task may lack the attempt that was lost before.
    if (run.attempt > attempt && state !== 'cancelled')
      report('attempts', id, `attempt ${run.attempt} was started and is not on record`);
    runs.set(run.attempt, run);
  }
  for (const one of attempts) {
    const how = runs.get(one.attempt)?.how ?? 'never called';
    const wanted = one.outcome === 'completed' ? 'done' : COUNTED.has(one.outcome) ? 'threw' : null;
    if (wanted === null || one.outcome === 'cancelled' || how === wanted) continue;
    report('stale owner', id, `attempt ${one.attempt} is on record as ${one.outcome}; its handler: ${how}`);
  }
}

function checkRetries(task: TaskHistory, stored: StoredTask, isRemote: boolean, report: Report): void {
  const { id, state, attempts } = stored;
  const expected = endOf(task);
  if (!expected || !hasEnded(state)) return;
  const counted = attempts.filter(({ outcome }) => COUNTED.has(outcome)).map(({ outcome }) => outcome);
  const wanted = [...Array<string>(expected.retried).fill('retried'), expected.state];
  if (!expected.poison && counted.join() === wanted.join()) return;
  const uncalled = attempts.filter(({ attempt }) => !task.runs.some((run) => run.attempt === attempt)).length;
  const retried = counted.length - 1;
  const fewer = retried < expected.retried && retried >= expected.retried - uncalled;
  if (isRemote && state === 'failed' && fewer) return;
  report('retries', id, `its attempts ended as ${counted.join(', ')}; expected ${wanted.join(', ')}`);
}

/**
 * No two calls of a task's handler at a time, unless the store had taken the task from the earlier attempt: which goes on,
 * or even begins, in a process that does not know it yet.
 */
function checkOwners({ id, runs, stored }: TaskHistory, excuses: Excuses, report: Report): void {
  for (let later = 1; later < runs.length; later += 1) {
    for (let earlier = 0; earlier < later; earlier += 1) {
      const one = runs[earlier]!;
      const other = runs[later]!;
      if (other.start >= one.end) continue;
      const old = one.attempt < other.attempt ? one : other;
      if (GIVEN_UP.has(outcomeOf(stored, old.attempt))) continue;
      // What is not kept has no record by which to tell.
      if (!stored && excuses.holds(old.process, { from: old.start, until: other.start })) continue;
      report(
        'two live owners',
        id,
        `attempt ${other.attempt} began in ${other.process} while attempt ${one.attempt} ran in ${one.process}`,
      );
    }
  }
}

/** Only what was killed, stopped or cut off loses a task: one that lives and may give signs of life does not. */
function checkLosses({ id, runs, stored }: TaskHistory, excuses: Excuses, report: Report): void {
  for (const { attempt, outcome } of stored?.attempts ?? []) {
    if (!GIVEN_UP.has(outcome)) continue;
    const run = runs.find((one) => one.attempt === attempt);
    if (!run) continue;
    const next = runs.find((one) => one.attempt > attempt)?.start ?? Infinity;
    if (excuses.holds(run.process, { from: run.start, until: next })) continue;
    report(
      'lost without cause',
      id,
      `attempt ${attempt} was ${outcome} in ${run.process}, which lived and was not stopped`,
    );
  }
}

/** A task that somebody cancelled is, and no other. */
function checkCancelled({ id, cancelAsked, cancelledAt, runs, stored }: TaskHistory, report: Report): void {
  if (stored?.state === 'cancelled' && !cancelAsked) report('cancelled', id, 'is cancelled, which nobody asked for');
  if (cancelledAt === null) return;
  if (stored && stored.state !== 'cancelled') report('cancelled', id, `was cancelled and is ${stored.state}`);
  // A process that had lost it before may begin late.
  const late = runs.filter(({ start, attempt }) => start > cancelledAt && !GIVEN_UP.has(outcomeOf(stored, attempt)));
  if (late.length > 0) report('cancelled', id, 'was run after it had been cancelled');
}
