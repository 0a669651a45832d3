import { queueOf } from '../expected.js';
import type { History, Run, TaskHistory } from '../history.js';
import type { Queue } from '../process/setup.js';
import { without, type Window } from '../windows.js';
import { dueAt } from './early.js';
import { Excuses } from './excuses.js';
import type { Report } from './rule.js';

/** In microseconds: a task may be claimed a moment ahead, and a machine that is busy makes everything later. */
const SLACK = 1_500_000;
/** A worker that has nothing in hand takes up a task that waits within this. */
const MAX_IDLE = 3_000_000;
/** What a server adds: its connections, and tasks that go through it one by one. */
const REMOTE = 3;
/** After a fault of the store everybody tries again within this; whom a process had in hand that is gone is found within its lease and this. */
const RECOVERY = 2_500_000;
/** After so long a life a process works at full speed. */
const WARM = 1_000_000;

/** Faults in which the store itself cannot be used, or by one process alone. */
const STORE_FAULTS = new Set([
  'lock',
  'full',
  'read-only',
  'io-error',
  'copy',
  'server-kill',
  'server-restart',
  'cut',
  'refuse',
  'slow',
]);

/** A task that waited in a queue, from when it could be run for certain until it was. */
interface Wait extends Window {
  readonly task: TaskHistory;
  readonly priority: number;
  /** When it was asked for, and so was in no queue before; 0 where nobody did. */
  readonly since: number;
}

/** What is due is run: in its order, and at once by whoever has nothing else to do, also after every fault. */
export function checkService(history: History, report: Report): void {
  const waits = new Map<Queue, Wait[]>();
  for (const task of history.tasks.values()) {
    const wait = waitOf(task, history);
    if (!wait) continue;
    const queue = queueOf(task.runs[0]!.name);
    const own = waits.get(queue);
    if (own) own.push(wait);
    else waits.set(queue, [wait]);
  }
  for (const [queue, own] of waits) {
    own.sort((one, other) => one.from - other.from);
    checkOrder(queue, own, history, report);
    if (queue !== 'slow') checkIdle(queue, own, history, report);
  }
}

/** Null where it never ran, or was in the hands of a process that lost it before it ran. */
function waitOf(task: TaskHistory, { clocks }: History): Wait | null {
  const { acknowledged, runs, stored } = task;
  const [first] = runs;
  if (!first || (stored?.attempts[0] && stored.attempts[0].attempt !== first.attempt)) return null;
  if (first.attempt !== 1) return null;
  const due = dueAt(task);
  if (!acknowledged && due === null) return null;
  if (acknowledged?.relayed) return null;
  const known = acknowledged?.at ?? 0;
  const reached = due === null ? known : clocks.steady(due - clocks.least(known, first.start));
  const priority = acknowledged?.asked.priority ?? 0;
  return {
    task,
    from: Math.max(known, reached),
    until: first.start,
    priority,
    since: acknowledged?.from ?? 0,
  };
}

/**
 * No task begins while one waits in its queue that has a higher priority, or the same and was there before. Which of two
 * comes first is nobody's to say where they came close together, or while the queue was paused or the store troubled.
 */
function checkOrder(queue: Queue, waits: readonly Wait[], history: History, report: Report): void {
  const { store, lives } = history;
  const excuses = new Excuses(history.excuses);
  const slack = store.isRemote ? REMOTE * SLACK : SLACK;
  const stops = history.faults.filter(({ fault }) => fault === 'stop').map(({ from }) => from);
  const deaths = [...lives.filter(({ works }) => works).map(({ until }) => until), ...stops].sort((a, b) => a - b);
  const holes = troubles(queue, history);
  const overtaking = new Overtaking(waits);
  for (const wait of waits) {
    if (wait.until - wait.from < slack) continue;
    const own = excuses.of(wait.task.runs[0]!.process).filter(({ until }) => until < Infinity);
    // From then on it may have been in the hands of a process that was gone, until that was noticed.
    const death = deaths.find((at) => at > wait.from - slack) ?? Infinity;
    for (const calm of without(wait, [...holes, ...own])) {
      const found =
        overtaking.by(wait, calm.from + slack, Math.min(calm.until, death)) ??
        overtaking.by(wait, calm.from + slack + store.lease * 1_000 + RECOVERY, calm.until);
      if (!found) continue;
      const ms = Math.round((found.until - wait.from) / 1_000);
      const other = `${found.task.id} (priority ${found.priority})`;
      report('order', wait.task.id, `of priority ${wait.priority} had waited for ${ms} ms when ${other} began`);
      break;
    }
  }
}

/** Finds out which tasks began, or were asked for and began, in a span of time. */
class Overtaking {
  /** By priority: in the order of their starts. */
  private readonly begun = new Map<number, Wait[]>();
  /** By priority: in the order in which they were asked for, and for each the one that begins first of it and those after it. */
  private readonly asked = new Map<number, { readonly waits: Wait[]; readonly first: Wait[] }>();

  constructor(waits: readonly Wait[]) {
    for (const wait of waits) {
      const same = this.begun.get(wait.priority);
      if (same) same.push(wait);
      else this.begun.set(wait.priority, [wait]);
    }
    for (const [priority, same] of this.begun) {
      same.sort((one, other) => one.until - other.until);
      const bySince = [...same].sort((one, other) => one.since - other.since);
      const first = [...bySince];
      for (let index = first.length - 2; index >= 0; index -= 1) {
        if (first[index + 1]!.until < first[index]!.until) first[index] = first[index + 1]!;
      }
      this.asked.set(priority, { waits: bySince, first });
    }
  }

  /** One that began between `from` and `until`, and should not have before `wait`. */
  by(wait: Wait, from: number, until: number): Wait | null {
    for (const [priority, begun] of this.begun) {
      if (priority >= wait.priority) continue;
      const next = begun[firstIndex(begun, (one) => one.until > from)];
      if (next && next.until < until) return next;
    }
    const { waits, first } = this.asked.get(wait.priority)!;
    const next = first[firstIndex(waits, (one) => one.since > from)];
    return next && next.until < until ? next : null;
  }
}

function firstIndex(waits: readonly Wait[], matches: (wait: Wait) => boolean): number {
  let low = 0;
  let high = waits.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (matches(waits[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** No worker stands idle while a task waits that it could run. */
function checkIdle(queue: Queue, waits: readonly Wait[], history: History, report: Report): void {
  const { lives, tasks, store, excuses } = history;
  const longest = store.isRemote ? REMOTE * MAX_IDLE : MAX_IDLE;
  const runs = new Map<string, Run[]>();
  for (const task of tasks.values()) {
    for (const run of task.runs) {
      if (queueOf(run.name) !== queue) continue;
      const own = runs.get(run.process);
      if (own) own.push(run);
      else runs.set(run.process, [run]);
    }
  }
  const holes = troubles(queue, history);
  const own = new Excuses(excuses);
  const stops = history.faults.filter(({ fault }) => fault === 'stop');
  const elsewhere = stops.map(({ from, until }) => ({ from, until: until + RECOVERY }));
  for (const life of lives) {
    if (!life.works) continue;
    const busy = (runs.get(life.process) ?? []).map(({ start, end }) => ({ from: start, until: end }));
    const mine = own.of(life.process).filter(({ until }) => until < Infinity);
    const whole = { from: life.from + WARM, until: Math.min(life.until, store.readAt) };
    for (const idle of without(whole, [...busy, ...mine, ...holes, ...elsewhere])) {
      if (idle.until - idle.from < longest) continue;
      const waiting = waits.find((wait) => wait.from <= idle.until - longest && wait.until >= idle.until);
      if (!waiting) continue;
      const ms = Math.round((idle.until - Math.max(idle.from, waiting.from)) / 1_000);
      report('late', waiting.task.id, `waited in ${queue} while ${life.process} stood idle for ${ms} ms`);
    }
  }
}

/** When tasks of a queue may wait: it was paused, or the store could not be used. */
function troubles(queue: Queue, { pauses, faults, store }: History): Window[] {
  const recovery = store.isRemote ? REMOTE * RECOVERY : RECOVERY;
  return [
    ...pauses.filter((pause) => pause.queue === queue).map(({ around }) => around),
    ...faults
      .filter(({ fault }) => STORE_FAULTS.has(fault))
      .map(({ from, until }) => ({ from, until: until + recovery })),
  ];
}
