import { type AttemptOutcome, ENDED_STATES, type TaskState } from '../../lib/index.js';
import { TICK, TICK_MS } from './process/setup.js';
import type { Excuse, History, Run, StoredTask, TaskHistory } from './history.js';

/** What the library promises, each as one rule. `docs/guarantees.md` has them in sentences. */
export type Rule =
  | 'lost'
  | 'unfinished'
  | 'doubled'
  | 'two live owners'
  | 'lost without cause'
  | 'stale owner'
  | 'retries'
  | 'attempts'
  | 'cancelled'
  | 'rolled back'
  | 'cron'
  | 'stored twice'
  | 'process'
  | 'store';

export interface Violation {
  readonly rule: Rule;
  /** The task that it is about, where it is about one. */
  readonly task: string | null;
  readonly message: string;
}

type Report = (rule: Rule, message: string) => void;

/** Outcomes of attempts that count against the retries. */
const COUNTED = new Set(['retried', 'completed', 'failed', 'cancelled']);
/** Outcomes of attempts whose owner lost the task before its handler had to end. */
const GIVEN_UP: ReadonlySet<AttemptOutcome | null> = new Set(['lost', 'released']);

/** Compares what happened with what was promised; returns every difference. */
export function check(history: History): Violation[] {
  const found: Violation[] = [];
  const excuses = excusesByProcess(history.excuses);
  for (const task of history.tasks.values()) {
    const report: Report = (rule, message) => found.push({ rule, task: task.id, message });
    if (task.rolledBack) checkRolledBack(task, report);
    if (task.acknowledged && !task.stored) report('lost', 'was acknowledged and is not in the store');
    if (task.stored) {
      checkEnd(task.stored, report);
      checkCompletions(task.stored, report);
      checkAttempts(task, task.stored, report);
      checkRetries(task, task.stored, history.store.losesAnswers, report);
    } else if (task.runs.length > 0) report('lost', 'was run and is not in the store');
    checkOwners(task, report);
    checkLosses(task, excuses, report);
    checkCancelled(task, report);
  }
  checkCron(history, found);
  checkKeys(history, found);
  return found;
}

function checkRolledBack(task: TaskHistory, report: Report): void {
  if (task.runs.length > 0) report('rolled back', 'was rolled back and has run');
  if (task.stored) report('rolled back', 'was rolled back and is in the store');
}

function checkEnd({ state }: StoredTask, report: Report): void {
  if (!hasEnded(state)) report('unfinished', `is still ${state} although all is over`);
}

function hasEnded(state: TaskState): boolean {
  return ENDED_STATES.some((ended) => ended === state);
}

function checkCompletions({ state, attempts }: StoredTask, report: Report): void {
  const completed = attempts.filter(({ outcome }) => outcome === 'completed');
  if (completed.length > 1) report('doubled', `was completed ${completed.length} times`);
  if (completed.length > 0 && attempts.at(-1)!.outcome !== 'completed') {
    report('doubled', 'has an attempt after the one that completed it');
  }
  if ((state === 'completed') !== (attempts.at(-1)?.outcome === 'completed')) {
    report('stale owner', `is ${state}, and its last attempt ${attempts.at(-1)?.outcome ?? 'missing'}`);
  }
}

/** Attempts are numbered from 1 without holes, none was started twice, and what is on record is what the handler did. */
function checkAttempts(task: TaskHistory, { state, attempt, attempts }: StoredTask, report: Report): void {
  // One that is cancelled when it was claimed and has not begun is ended without a record of that attempt.
  const unbegun = state === 'cancelled' && attempts.length === attempt - 1 ? 1 : 0;
  if (attempts.length + unbegun !== attempt || attempts.some((one, index) => one.attempt !== index + 1)) {
    report('attempts', `has ${attempt} attempts, on record: ${attempts.map((one) => one.attempt).join(', ')}`);
  }
  const runs = new Map<number, Run>();
  for (const run of task.runs) {
    if (runs.has(run.attempt)) report('attempts', `attempt ${run.attempt} was started twice`);
    // What an engine keeps of a cancelled task may lack the attempt that was lost before.
    if (run.attempt > attempt && state !== 'cancelled')
      report('attempts', `attempt ${run.attempt} was started and is not on record`);
    runs.set(run.attempt, run);
  }
  for (const one of attempts) {
    const how = runs.get(one.attempt)?.how ?? 'never called';
    const wanted = one.outcome === 'completed' ? 'done' : COUNTED.has(one.outcome!) ? 'threw' : null;
    if (wanted === null || one.outcome === 'cancelled' || how === wanted) continue;
    report('stale owner', `attempt ${one.attempt} is on record as ${one.outcome}; its handler: ${how}`);
  }
}

function checkRetries(
  { acknowledged, runs }: TaskHistory,
  { state, attempts }: StoredTask,
  losesAnswers: boolean,
  report: Report,
): void {
  if (!acknowledged || state === 'cancelled' || !hasEnded(state)) return;
  const { expected } = acknowledged;
  const counted = attempts.filter(({ outcome }) => COUNTED.has(outcome!)).map(({ outcome }) => outcome);
  const wanted = [...Array<string>(expected.retried).fill('retried'), expected.state];
  if (counted.join() === wanted.join()) return;
  const uncalled = attempts.filter(({ attempt }) => !runs.some((run) => run.attempt === attempt)).length;
  const retried = counted.length - 1;
  const fewer = retried < expected.retried && retried >= expected.retried - uncalled;
  if (losesAnswers && state === 'failed' && fewer) return;
  report('retries', `its attempts ended as ${counted.join(', ')}; expected ${wanted.join(', ')}`);
}

/**
 * No two calls of a task's handler at a time, unless the store had taken the task from the earlier attempt: which goes on,
 * or even begins, in a process that does not know it yet.
 */
function checkOwners({ runs, stored }: TaskHistory, report: Report): void {
  for (let later = 1; later < runs.length; later += 1) {
    for (let earlier = 0; earlier < later; earlier += 1) {
      const one = runs[earlier]!;
      const other = runs[later]!;
      if (other.start >= one.end) continue;
      const old = one.attempt < other.attempt ? one : other;
      if (GIVEN_UP.has(outcomeOf(stored, old.attempt))) continue;
      report(
        'two live owners',
        `attempt ${other.attempt} began in ${other.process} while attempt ${one.attempt} ran in ${one.process}`,
      );
    }
  }
}

function outcomeOf(stored: StoredTask | null, attempt: number): AttemptOutcome | null {
  return stored?.attempts.find((one) => one.attempt === attempt)?.outcome ?? null;
}

/** Only what was killed, stopped or cut off loses a task: one that lives and may give signs of life does not. */
function checkLosses({ runs, stored }: TaskHistory, excuses: ExcusesByProcess, report: Report): void {
  for (const { attempt, outcome } of stored?.attempts ?? []) {
    if (!GIVEN_UP.has(outcome)) continue;
    const run = runs.find((one) => one.attempt === attempt);
    if (!run) continue;
    const next = runs.find((one) => one.attempt > attempt)?.start ?? Infinity;
    const own = [...(excuses.get(run.process) ?? []), ...(excuses.get(null) ?? [])];
    if (own.some(({ from, until }) => from <= next && until >= run.start)) continue;
    report(
      'lost without cause',
      `attempt ${attempt} was ${outcome} in ${run.process}, which lived and was not stopped`,
    );
  }
}

function checkCancelled({ cancelledAt, runs, stored }: TaskHistory, report: Report): void {
  if (cancelledAt === null) return;
  if (stored && stored.state !== 'cancelled') report('cancelled', `was cancelled and is ${stored.state}`);
  // A process that had lost it before may begin late.
  const late = runs.filter(({ start, attempt }) => start > cancelledAt && !GIVEN_UP.has(outcomeOf(stored, attempt)));
  if (late.length > 0) report('cancelled', 'was run after it had been cancelled');
}

/** Every second has one run, from the first that was seen to the last. */
function checkCron({ tasks, store }: History, found: Violation[]): void {
  const ticks = [...tasks.values()].flatMap(({ stored }) => (stored?.name === TICK ? [stored] : []));
  ticks.sort((one, other) => one.runAt - other.runAt);
  for (let index = 1; index < ticks.length; index += 1) {
    const step = ticks[index]!.runAt - ticks[index - 1]!.runAt;
    if (step === TICK_MS || (step > 0 && ticks[index]!.runAt > store.ticksUntil)) continue;
    const at = new Date(ticks[index]!.runAt).toISOString();
    const message =
      step === 0 ? `the tick of ${at} was enqueued twice` : `${step} ms lie between ${at} and the tick before`;
    found.push({ rule: 'cron', task: ticks[index]!.id, message });
  }
}

/** Nobody enqueues one twice, so whatever was stored twice was doubled on the way. */
function checkKeys({ tasks }: History, found: Violation[]): void {
  const keys = new Map<string, string>();
  for (const { id, stored } of tasks.values()) {
    if (!stored?.key) continue;
    const other = keys.get(stored.key);
    if (other) found.push({ rule: 'stored twice', task: id, message: `${stored.key} is stored as ${other}, too` });
    keys.set(stored.key, id);
  }
}

type ExcusesByProcess = ReadonlyMap<string | null, readonly Excuse[]>;

function excusesByProcess(excuses: readonly Excuse[]): ExcusesByProcess {
  const byProcess = new Map<string | null, Excuse[]>();
  for (const excuse of excuses) {
    const own = byProcess.get(excuse.process);
    if (own) own.push(excuse);
    else byProcess.set(excuse.process, [excuse]);
  }
  return byProcess;
}
