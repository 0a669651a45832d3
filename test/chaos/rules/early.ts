import type { Clocks } from '../clocks.js';
import type { History, Run, TaskHistory } from '../history.js';
import { RETRY_DELAY_MS, SNOOZE_MS, TICK } from '../process/setup.js';
import { outcomeOf } from './outcomes.js';
import type { Report } from './rule.js';

/** After the clock of a process was moved, how an attempt ended may still be told by what it said before. */
const JUST_MOVED = 1_000_000;

/** Nothing runs before its time: that of the process that runs it, or of one that made it available before. */
export function checkEarly({ tasks, clocks }: History, report: Report): void {
  for (const task of tasks.values()) {
    const [first] = task.runs;
    if (!first) continue;
    const due = dueAt(task);
    if (due !== null) checkStart(task.id, first, due, task.acknowledged?.from ?? 0, clocks, report);
    for (let index = 1; index < task.runs.length; index += 1) {
      const before = task.runs[index - 1]!;
      const pause = pauseAfter(task, before);
      if (pause === null || task.runs[index]!.attempt !== before.attempt + 1) continue;
      const own = clocks.least(before.end - JUST_MOVED, before.end + JUST_MOVED, before.process);
      const again = clocks.machine(before.end) + own + pause;
      checkStart(task.id, task.runs[index]!, Math.floor(again), before.end, clocks, report);
    }
  }
}

/** Before this time, in milliseconds, a task must not run; null: it may at once. */
export function dueAt({ acknowledged, stored }: TaskHistory): number | null {
  if (stored?.name === TICK) return stored.runAt;
  return acknowledged?.asked.dueAt ?? null;
}

function pauseAfter({ stored }: TaskHistory, { attempt }: Run): number | null {
  switch (outcomeOf(stored, attempt)) {
    case 'retried':
      return RETRY_DELAY_MS;
    case 'snoozed':
      return SNOOZE_MS;
    default:
      return null;
  }
}

function checkStart(id: string, run: Run, due: number, since: number, clocks: Clocks, report: Report): void {
  if (run.clock >= due) return;
  const own = clocks.most(run.start, run.start, run.process);
  const latest = run.clock - own + clocks.most(since, run.start);
  if (latest < due) report('early', id, `attempt ${run.attempt} began ${Math.ceil(due - latest)} ms before its time`);
}
