import { setTimeout as sleep } from 'node:timers/promises';
import { uuidv7, V7Generator } from 'uuidv7';
import { ManualClock, SystemClock, type Clock } from '../../lib/clock/index.js';
import type { Schedule } from '../../lib/contract/index.js';
import type {
  Delivery,
  EngineContext,
  NewTask,
  Outcome,
  RunTask,
  TaskEngine,
  TaskResult,
} from '../../lib/engine/port/index.js';
import { until as soon } from '../support/until.js';

/** A site for the suite of the port. */
export interface ConformanceSite extends EngineSite {
  readonly time: SiteTime;
}

/** Where a suite's engines keep their tasks, and how to get one more process on the same store. */
export interface EngineSite {
  /** An engine on this site's store, not yet open. */
  engine(context: EngineContext): TaskEngine;
  remove?(): Promise<void>;
}

/** The time by which a site's tasks come due, and how a test has some of it pass. */
export interface SiteTime {
  readonly clock: Clock;
  /** Milliseconds of the step by which tests count: long for an engine, short for whoever waits for it. */
  readonly unit: number;
  /** Resolves when `milliseconds` have passed. */
  advance(milliseconds: number): Promise<void> | void;
}

/** One task at a time, without a limit. */
export const CONSUME = { concurrency: 1, priority: 0, rateLimit: null };

export const START = Date.UTC(2027, 0, 1);
export const MINUTE = 60_000;

/** For an engine that goes by {@link EngineContext.clock}: nothing passes but what the test says. */
export function injectedTime(): SiteTime {
  const clock = new ManualClock(START);
  return { clock, unit: MINUTE, advance: (milliseconds) => clock.advance(milliseconds) };
}

export const SYSTEM_UNIT = 500;

/** For an engine that goes by the clock of the system: time passes by itself, and has to be waited for. */
export function systemTime(): SiteTime {
  const clock = new SystemClock();
  return { clock, unit: SYSTEM_UNIT, advance: (milliseconds) => sleep(milliseconds) };
}

/** Ticks at every full unit of time, and once for an ISO date. */
function ticksEvery(unit: number): EngineContext['nextRun'] {
  return ({ expression }, after) => {
    if (expression === EVERY_UNIT) return (Math.floor(after / unit) + 1) * unit;
    const once = Date.parse(expression);
    return once > after ? once : null;
  };
}

/** Expression of a schedule that ticks at every full unit of time. */
export const EVERY_UNIT = 'every unit';

/** A schedule of the code's that ticks every minute, where units of time are minutes. */
export const MINUTELY: Schedule = {
  name: 'minutely',
  expression: EVERY_UNIT,
  timeZone: null,
  utcOffset: null,
  queue: 'default',
  task: 'tick',
  params: '{}',
  priority: 0,
  maxAttempts: 1,
  settings: null,
  catchUp: 'once',
  threshold: null,
  overlap: true,
  disabled: false,
  source: 'code',
};

/** In an expected value: a time that is `time` on a clock that stands still, and soon after it on one that goes on. */
export function soonAfter(time: number, engine: TaskEngine): unknown {
  if (engine.capabilities.clock === 'injected') return time;
  return {
    asymmetricMatch: (found: unknown) => typeof found === 'number' && found >= time && found < time + 100_000,
    toString: () => `soon after ${time}`,
  };
}

export function contextWith(clock: Clock, overrides: Partial<EngineContext> = {}, unit = MINUTE): EngineContext {
  return {
    clock,
    logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
    keepFor: (_queue, state) => (state === 'failed' ? 30 : 7) * 24 * 60 * MINUTE,
    nextRun: ticksEvery(unit),
    mask: (params, paths) => ({
      ...(params as object),
      ...Object.fromEntries(paths.map((path) => [path, '[masked]'])),
    }),
    newId: uuidv7,
    ...overrides,
  };
}

const ids = new V7Generator();

export function newTask(clock: Pick<Clock, 'now'>, overrides: Partial<NewTask> = {}): NewTask {
  return {
    // As the library makes them: by the clock that says when the task was enqueued.
    id: ids.generateOrResetWithTs(overrides.createdAt ?? clock.now()).toString(),
    queue: 'default',
    name: 'work',
    params: '{}',
    priority: 0,
    runAt: clock.now(),
    createdAt: clock.now(),
    maxAttempts: 4,
    settings: null,
    sensitive: [],
    ...overrides,
  };
}

export const completed: Outcome = { kind: 'completed', maxAttempts: 4, keepFor: null };

/** A handler has returned this. */
export function returned(value: unknown, more: Partial<TaskResult> = {}): Outcome {
  const result = { json: JSON.stringify(value), sensitive: [], keepFor: null, ...more };
  return { ...completed, result } as Outcome;
}

export function failed(message = 'broken'): Outcome {
  return {
    kind: 'failed',
    maxAttempts: 4,
    keepFor: null,
    error: { name: 'Error', message, stack: `Error: ${message}\n    at x` },
  };
}

export function retryAt(at: number, countsAttempt = true): Outcome {
  return { kind: 'retry', maxAttempts: 4, at, countsAttempt, error: { name: 'Error', message: 'not yet' } };
}

/** Deliveries of a consumer, held until the test says how each one ends. */
export class Deliveries {
  private readonly arrived: Held[] = [];
  private readonly awaited: Array<(held: Held) => void> = [];
  readonly all: Delivery[] = [];

  readonly run: RunTask = (delivery) =>
    new Promise<Outcome>((end) => {
      const held: Held = { ...pick(delivery), delivery, end };
      this.all.push(delivery);
      const waiter = this.awaited.shift();
      if (waiter) waiter(held);
      else this.arrived.push(held);
    });

  /** The next delivery that has not been taken. */
  next(): Promise<Held> {
    const held = this.arrived.shift();
    return held ? Promise.resolve(held) : new Promise((resolve) => this.awaited.push(resolve));
  }

  /** Deliveries that are waiting to be taken. */
  get pending(): number {
    return this.arrived.length;
  }
}

export interface Held {
  readonly id: string;
  readonly attempt: number;
  readonly delivery: Delivery;
  end(outcome: Outcome): void;
}

function pick({ task }: Delivery): { id: string; attempt: number } {
  return { id: task.id, attempt: task.attempt };
}

/** Settles once `holds` is true, looking after every change of the engine's store. */
export async function until(engine: TaskEngine, holds: () => Promise<boolean>): Promise<void> {
  await soon(`this to hold: ${String(holds)}`, holds, { patience: 100_000, changes: engine.watching });
}

/** A promise and what settles it. */
export function signal(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
