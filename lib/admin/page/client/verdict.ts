import type { Queue } from './api-types.js';
import { count, duration, percent, plural, rate } from './format.js';

export interface Verdict {
  readonly kind: 'good' | 'quiet' | 'warn' | 'bad';
  /** The situation in one line. */
  readonly text: string;
  /** What to look at; a hash of the page. */
  readonly href?: string;
}

/** A task that waits longer than this in a queue that runs is late. */
const LATE_AFTER_MS = 60_000;
const MANY_FAIL = 0.5;
const SOME_FAIL = 0.05;

export interface Totals {
  readonly waiting: number;
  readonly running: number;
  readonly workers: number;
  readonly failed: number;
  readonly perMinute: number;
  readonly failedPerMinute: number;
  /** From 0 to 1; null where nothing ended in the last five minutes. */
  readonly failureRate: number | null;
  readonly oldestAvailableAt: number | null;
}

export function totalsOf(queues: readonly Queue[]): Totals {
  const sum = (of: (queue: Queue) => number): number => queues.reduce((total, queue) => total + of(queue), 0);
  const completed = sum(({ rates }) => rates.completedPerMinute);
  const failed = sum(({ rates }) => rates.failedPerMinute);
  const oldest = queues.flatMap(({ oldestAvailableAt }) => oldestAvailableAt ?? []);
  return {
    waiting: sum(({ counts }) => counts.available),
    running: sum(({ counts }) => counts.running),
    workers: sum(({ workers }) => workers),
    failed: sum(({ counts }) => counts.failed),
    perMinute: completed,
    failedPerMinute: failed,
    failureRate: failureRate(completed, failed),
    oldestAvailableAt: oldest.length > 0 ? Math.min(...oldest) : null,
  };
}

export function failureRate(completedPerMinute: number, failedPerMinute: number): number | null {
  const ended = completedPerMinute + failedPerMinute;
  return ended === 0 ? null : failedPerMinute / ended;
}

/** Whether work is flowing, and if not, what is the worst of what stands in its way. */
export function verdictOf(queues: readonly Queue[], now: number): Verdict {
  const own = queues.filter(({ foreign }) => !foreign);
  const { failureRate: failing, perMinute, waiting, running } = totalsOf(own);
  const link = (query: Record<string, string>): string => `#/tasks?${new URLSearchParams(query).toString()}`;

  const unmanned = own.filter(({ counts, workers, paused }) => counts.available > 0 && workers === 0 && !paused);
  if (unmanned.length > 0) {
    const [{ queue, counts }] = unmanned as [Queue];
    const others = unmanned.length > 1 ? ` (and ${plural(unmanned.length - 1, 'other queue')})` : '';
    const text = `No process works on ${queue}${others}: ${plural(counts.available, 'task')} waiting`;
    return { kind: 'bad', text, href: link({ state: 'available', queue }) };
  }
  if (failing !== null && failing >= MANY_FAIL) {
    return { kind: 'bad', text: `${percent(failing)} of tasks failed in the last five minutes`, href: '#/errors' };
  }
  const late = own
    .filter(({ oldestAvailableAt, paused }) => oldestAvailableAt !== null && !paused)
    .map((queue) => ({ queue, for: now - queue.oldestAvailableAt! }))
    .sort((one, other) => other.for - one.for)[0];
  if (late && late.for > LATE_AFTER_MS) {
    const { queue } = late.queue;
    const text = `${queue} is behind: its oldest task has waited ${duration(late.for)}`;
    return { kind: 'warn', text, href: link({ state: 'available', queue }) };
  }
  if (failing !== null && failing >= SOME_FAIL) {
    return { kind: 'warn', text: `${percent(failing)} of tasks failed in the last five minutes`, href: '#/errors' };
  }
  const held = own.find(({ paused, counts }) => paused && counts.available > 0);
  if (held) {
    const text = `${held.queue} is paused with ${plural(held.counts.available, 'task')} waiting`;
    return { kind: 'warn', text, href: link({ state: 'available', queue: held.queue }) };
  }
  if (running === 0 && waiting === 0 && failing === null) return { kind: 'quiet', text: 'All is quiet: nothing waits' };
  const pace = perMinute > 0 ? `: ${rate(perMinute)} tasks a minute` : running > 0 ? `: ${count(running)} running` : '';
  return { kind: 'good', text: `Work is flowing${pace}` };
}
