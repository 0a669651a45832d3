import type { QueueStats } from '../operations/index.js';
import type { Problem, ProblemPlace, Situation } from './problem.js';
import { length, numberText, quantity, shareText } from './words.js';

/** A problem with how much there is of it, to put the greatest first. */
export interface Weighed extends Problem {
  readonly weight: number;
}

/** The span of time that the rates of a queue are of. */
const RECENT_MINUTES = 5;
/** A task that waits longer than this in a queue that runs is late. */
const LATE_AFTER_MS = 60_000;
const VERY_LATE_AFTER_MS = 15 * 60_000;
/** Waiting tasks that take longer than this to be done, at the pace of the last minutes, are too many. */
const LONG_DRAIN_MINUTES = 10;
const FEW_WAITING = 100;
/** Shares of failures, each with how many there must be: one failure on an idle system is none. */
const HALF_FAIL = { share: 0.5, failed: 3 };
const SOME_FAIL = { share: 0.05, failed: 5 };
const STUCK_AFTER_MS = RECENT_MINUTES * 60_000;
const MANY_RETRIES = 50;
const STORM = 1_000;

/** The gravest that can be said of each aspect of a queue that belongs to this store. */
export function queueProblems(stats: QueueStats, situation: Situation): Weighed[] {
  const { paused, workers, counts } = stats;
  const isDeserted = situation.workers.length === 0;
  const flow = paused
    ? pausedWithWork(stats, situation)
    : workers === 0
      ? isDeserted || counts.available === 0
        ? []
        : [unmanned(stats, situation.now)]
      : (first(stuck(stats, situation), behind(stats, situation.now), backlog(stats)) ?? []);
  return [...flow, ...failing(stats), ...retryStorm(stats)];
}

function first(...found: ReadonlyArray<Weighed[]>): Weighed[] | undefined {
  return found.find((problems) => problems.length > 0);
}

function waitingIn(queue: string): ProblemPlace {
  return { page: 'tasks', state: 'available', queue };
}

function age({ oldestAvailableAt }: QueueStats, now: number): number {
  return oldestAvailableAt === null ? 0 : Math.max(0, now - oldestAvailableAt);
}

function unmanned(stats: QueueStats, now: number): Weighed {
  const { queue, counts } = stats;
  const since = age(stats, now) > LATE_AFTER_MS ? `, the oldest for ${length(age(stats, now))}` : '';
  return {
    kind: 'unmanned',
    severity: 'bad',
    queue,
    text: `No process works on ${queue}: ${quantity(counts.available, 'task')} waiting${since}`,
    place: waitingIn(queue),
    weight: counts.available,
  };
}

function pausedWithWork({ queue, counts }: QueueStats, { pausedBy, now }: Situation): Weighed[] {
  if (counts.available === 0) return [];
  const by = pausedBy.get(queue);
  const who = by === undefined ? '' : ` by ${by.who ?? 'hand'} ${length(now - by.at)} ago`;
  return [
    {
      kind: 'paused',
      severity: 'warn',
      queue,
      text: `${queue} was paused${who}: ${quantity(counts.available, 'task')} waiting`,
      place: waitingIn(queue),
      weight: counts.available,
    },
  ];
}

function failing({ queue, rates }: QueueStats): Weighed[] {
  const failed = Math.round(rates.failedPerMinute * RECENT_MINUTES);
  const ended = failed + Math.round(rates.completedPerMinute * RECENT_MINUTES);
  const share = ended === 0 ? 0 : failed / ended;
  const isBad = share >= HALF_FAIL.share && failed >= HALF_FAIL.failed;
  if (!isBad && !(share >= SOME_FAIL.share && failed >= SOME_FAIL.failed)) return [];
  return [
    {
      kind: 'failing',
      severity: isBad ? 'bad' : 'warn',
      queue,
      text: `${queue}: ${shareText(share)} failing (${numberText(failed)} of ${numberText(ended)} in ${RECENT_MINUTES} min)`,
      place: { page: 'errors', queue },
      weight: failed,
    },
  ];
}

/** All workers are busy, none of them with something that began lately, and nothing ended meanwhile. */
function stuck({ queue, counts, workers, rates }: QueueStats, situation: Situation): Weighed[] {
  if (counts.running < workers || rates.completedPerMinute + rates.failedPerMinute > 0) return [];
  const begun = situation.workers
    .flatMap(({ running }) => running)
    .filter((task) => task.queue === queue)
    .map(({ startedAt }) => startedAt);
  const latest = Math.max(...begun);
  if (begun.length === 0 || situation.now - latest < STUCK_AFTER_MS) return [];
  const waiting = counts.available > 0 ? `, ${numberText(counts.available)} waiting` : '';
  const who = workers === 1 ? 'its worker has been busy' : `all ${numberText(workers)} workers have been busy`;
  return [
    {
      kind: 'stuck',
      severity: counts.available > 0 ? 'bad' : 'warn',
      queue,
      text: `${queue}: ${who} for ${length(situation.now - latest)} and nothing ended${waiting}`,
      place: { page: 'tasks', state: 'running', queue },
      weight: counts.available,
    },
  ];
}

function behind(stats: QueueStats, now: number): Weighed[] {
  const waited = age(stats, now);
  if (waited <= LATE_AFTER_MS || stats.counts.available === 0) return [];
  const { queue, counts, rateLimit } = stats;
  const limited = rateLimit === null ? '' : `; its rate limit is ${rateLimit.max} in ${length(rateLimit.per)}`;
  return [
    {
      kind: 'behind',
      severity: waited > VERY_LATE_AFTER_MS ? 'bad' : 'warn',
      queue,
      text: `${queue} is behind: ${quantity(counts.available, 'task')} waiting, the oldest for ${length(waited)}${limited}`,
      place: waitingIn(queue),
      weight: waited,
    },
  ];
}

/** Not late yet, and sure to be. */
function backlog({ queue, counts, rates }: QueueStats): Weighed[] {
  const pace = rates.completedPerMinute + rates.failedPerMinute;
  if (pace === 0 || counts.available < FEW_WAITING) return [];
  const minutes = counts.available / pace;
  if (minutes <= LONG_DRAIN_MINUTES) return [];
  return [
    {
      kind: 'backlog',
      severity: 'warn',
      queue,
      text: `${queue}: ${quantity(counts.available, 'task')} waiting, ${length(minutes * 60_000)} of work at ${numberText(pace)} a minute`,
      place: waitingIn(queue),
      weight: minutes,
    },
  ];
}

function retryStorm({ queue, counts, rates }: QueueStats): Weighed[] {
  const completed = Math.round(rates.completedPerMinute * RECENT_MINUTES);
  if (counts.retryable < MANY_RETRIES || counts.retryable <= completed) return [];
  return [
    {
      kind: 'retry-storm',
      severity: counts.retryable >= STORM ? 'bad' : 'warn',
      queue,
      text: `${queue}: ${quantity(counts.retryable, 'task')} waiting for a retry, ${numberText(completed)} completed in ${RECENT_MINUTES} min`,
      place: { page: 'tasks', state: 'retryable', queue },
      weight: counts.retryable,
    },
  ];
}
