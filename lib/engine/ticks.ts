import type { EngineContext, NewTask, Schedule } from './task-engine.js';

/** Missed ticks that `all` makes up for at a time; the others follow in the next. */
const BATCH = 500;
/** With `skip`, a tick that is late by no more than this was not missed: the process was only busy. */
const SKIP_TOLERANCE_MS = 60_000;

type NextRun = EngineContext['nextRun'];

/** The task that one run of a schedule is. */
export function taskOf(schedule: Schedule, id: string, runAt: number, now: number): NewTask {
  const { queue, task, params, priority, maxAttempts, settings } = schedule;
  return {
    id,
    queue,
    name: task,
    params,
    priority,
    runAt,
    createdAt: now,
    maxAttempts,
    settings,
    sensitive: [],
  };
}

/**
 * The ticks to make up for, oldest first, where `first` is the oldest that is due. At most {@link BATCH}: where there are
 * more, the next run stays in the past, and the rest is due then.
 */
export function dueTicks(schedule: Schedule, first: number, now: number, nextRun: NextRun): number[] {
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
export function toleranceOf({ threshold, catchUp }: Schedule): number {
  return threshold ?? (catchUp === 'skip' ? SKIP_TOLERANCE_MS : Infinity);
}
