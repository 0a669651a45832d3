import type { EngineContext, NewTask } from '../port/index.js';
import { MAX_LAST_RUNS, type Schedule, type ScheduleTraits, type TaskTraits } from '../../contract/index.js';

/** Missed ticks that `all` makes up for at a time; the others follow in the next. */
const BATCH = 500;
/** With `skip`, a tick that is late by no more than this was not missed: the process was only busy. */
const SKIP_TOLERANCE_MS = 60_000;

type NextRun = EngineContext['nextRun'];

/** Whether two forms of a schedule tick at the same times: the next run that was reckoned for one holds for the other. */
export function haveSameTicks(one: Schedule, other: Schedule): boolean {
  return (
    one.expression === other.expression &&
    one.timeZone === other.timeZone &&
    one.utcOffset === other.utcOffset &&
    one.disabled === other.disabled
  );
}

/** The task that one run of a schedule is. @param mayExist see {@link NewTask.mayExist} */
export function taskOfRun(schedule: Schedule, id: string, runAt: number, now: number, mayExist = false): NewTask {
  const { queue, task, params, priority, maxAttempts, settings, traits } = schedule;
  return {
    id,
    queue,
    name: task,
    params,
    priority,
    runAt: runAt + (traits?.unique?.wait ?? 0),
    createdAt: now,
    maxAttempts,
    settings,
    sensitive: [],
    ...(mayExist && { mayExist }),
    ...(traits && { traits: traitsOfRun(traits, Math.max(runAt, now)) }),
  };
}

/** @param from when the run may start: the clock by which its tick came due may be a little ahead */
function traitsOfRun({ expires, deadline, ...others }: ScheduleTraits, from: number): TaskTraits {
  return {
    ...others,
    ...(expires !== undefined && { startBy: from + expires }),
    ...(deadline !== undefined && { deadlineAt: from + deadline }),
  };
}

/** Ticks that have come due, all of which are dealt with. */
export interface DueTicks {
  /** Those that are to run, the oldest first: the others are passed over, or are late by more than they may be. */
  readonly runs: readonly number[];
  readonly last: number;
  /** Where the schedule goes on; null: it has no more ticks. */
  readonly next: number | null;
}

/**
 * What is due, where `first` is the oldest tick that was not dealt with. At most {@link BATCH} ticks: where there are more,
 * the next one is in the past, and the rest is due then.
 */
export function dueTicks(schedule: Schedule, first: number, now: number, nextRun: NextRun): DueTicks {
  const ticks = ticksToMakeUpFor(schedule, first, now, nextRun);
  const last = ticks.at(-1)!;
  return { runs: ticks.filter((tick) => now - tick <= toleranceOf(schedule)), last, next: nextRun(schedule, last) };
}

/** The tasks of a schedule's last runs, the newest first, after those of `fresh`, the earliest first. */
export function withLastRuns(before: readonly string[], fresh: readonly string[]): string[] {
  return [...fresh.toReversed(), ...before].slice(0, MAX_LAST_RUNS);
}

function ticksToMakeUpFor(schedule: Schedule, first: number, now: number, nextRun: NextRun): number[] {
  if (schedule.catchUp !== 'all' || !schedule.overlap) return [newest(schedule, first, now, nextRun)];
  const ticks: number[] = [];
  let tick: number | null = first;
  while (tick !== null && tick <= now && ticks.length < BATCH) {
    ticks.push(tick);
    tick = nextRun(schedule, tick);
  }
  return ticks;
}

/** The newest tick that is due, found by halving the time since the first: after a long absence there may be millions. */
function newest(schedule: Schedule, first: number, now: number, nextRun: NextRun): number {
  let found = first;
  let end = now;
  while (found < end) {
    const middle = found + Math.floor((end - found) / 2);
    const tick = nextRun(schedule, middle);
    if (tick !== null && tick <= now) found = tick;
    else end = middle;
  }
  const following = nextRun(schedule, found);
  return following !== null && following <= now ? following : found;
}

/** How late a tick may be and still run, in milliseconds. */
function toleranceOf({ threshold, catchUp }: Schedule): number {
  return threshold ?? (catchUp === 'skip' ? SKIP_TOLERANCE_MS : Infinity);
}
