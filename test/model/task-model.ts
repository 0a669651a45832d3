import type { AttemptOutcome, LapseReason, TaskAction, TaskState } from '../../lib/contract/index.js';
import type { EngineCapabilities, Outcome } from '../../lib/engine/port/index.js';
import { lapse, liveAgain, type ModelSpan, NO_SPAN } from './life-span.js';

export const QUEUES = ['mail', 'reports'] as const;
export type Queue = (typeof QUEUES)[number];

/** How many attempts in a row a task may lose; engines under test are set up with it. */
export const MAX_LOST_ATTEMPTS = 3;
/** How long the engine keeps what it ends itself. */
export const KEPT_BY_ENGINE_MS = 20 * 60_000;

/** The states that each action applies to, written down a second time: the engine's own table is under test too. */
const APPLIES: Readonly<Record<TaskAction, ReadonlySet<TaskState>>> = {
  retry: new Set<TaskState>(['failed', 'cancelled', 'retryable']),
  cancel: new Set<TaskState>(['scheduled', 'available', 'retryable', 'running']),
  'run-now': new Set<TaskState>(['scheduled', 'retryable']),
  delete: new Set<TaskState>(['scheduled', 'available', 'retryable', 'completed', 'failed', 'cancelled']),
};

/** What engines may do in one way or another, as they declare. */
export type ModelTraits = Pick<EngineCapabilities, 'queueOrder' | 'keepsCancelledAttempts'>;

const AS_SQLITE: ModelTraits = { queueOrder: 'created', keepsCancelledAttempts: true };

export interface ModelTask extends ModelSpan {
  readonly id: string;
  readonly queue: Queue;
  readonly priority: number;
  /** Place in the line of its priority. */
  place: number;
  state: TaskState;
  runAt: number;
  /** Number of the current or last attempt. */
  attempt: number;
  excused: number;
  /** In a row. */
  lost: number;
  /** How the attempts ended, the first one first. */
  readonly outcomes: AttemptOutcome[];
  cancelRequested: boolean;
  expiresAt: number | null;
  /** What its handler returned, as JSON, and until when that is kept; null where there is none. */
  result: { readonly json: string; readonly until: number } | null;
}

export interface EnqueuedTask extends Partial<ModelSpan> {
  readonly id: string;
  readonly queue: Queue;
  readonly priority: number;
  readonly runAt: number;
}

/** What is to be seen of a task through the port. */
export interface SeenTask {
  readonly state: TaskState;
  readonly attempt: number;
  readonly attempts: ReadonlyArray<readonly [number, AttemptOutcome | null]>;
  /** Absent where the store did not end it by its times. */
  readonly reason?: LapseReason;
  /** As JSON; absent where none is kept. */
  readonly result?: string;
}

/**
 * The state machine of `docs/model.md` in a few lines, without a store. Each method is one event; {@link settle} is
 * what the engine then does by itself: promote what is due, delete what has expired, deliver to workers that wait.
 */
export class TaskModel {
  readonly tasks = new Map<string, ModelTask>();
  readonly paused = new Set<Queue>();
  /** Workers that wait for a task, by queue. */
  readonly waiting: Record<Queue, number> = { mail: 0, reports: 0 };
  private places = 0;

  constructor(
    public now: number,
    private readonly traits: ModelTraits = AS_SQLITE,
  ) {}

  enqueue(tasks: readonly EnqueuedTask[]): void {
    for (const task of tasks) {
      this.tasks.set(task.id, {
        ...NO_SPAN,
        ...task,
        place: this.places++,
        state: task.runAt > this.now ? 'scheduled' : 'available',
        attempt: 0,
        excused: 0,
        lost: 0,
        outcomes: [],
        cancelRequested: false,
        expiresAt: null,
        result: null,
      });
    }
  }

  /** Ends the attempt that runs. */
  end(task: ModelTask, outcome: Outcome): void {
    if (outcome.kind === 'declined') throw new Error('The model knows every name');
    if (outcome.kind === 'suspended') throw new Error('The model knows no steps');
    const again = outcome.kind === 'retry' || outcome.kind === 'released';
    if (again && task.cancelRequested) return this.endAs(task, 'cancelled', KEPT_BY_ENGINE_MS);
    if (outcome.kind === 'released') {
      this.goOn(task, 'released', 'available', false);
      this.takePlace(task, 'front');
    } else if (outcome.kind === 'retry') {
      const state = outcome.at > this.now ? 'retryable' : 'available';
      this.takePlace(task, outcome.countsAttempt ? 'back' : 'front');
      this.goOn(task, outcome.countsAttempt ? 'retried' : 'snoozed', state, outcome.countsAttempt);
      task.runAt = outcome.at;
      task.lost = 0;
    } else {
      this.endAs(task, outcome.kind, outcome.keepFor);
      if (outcome.kind !== 'completed' || !outcome.result) return;
      const { json, keepFor } = outcome.result;
      task.result = { json, until: keepFor === null ? Infinity : this.now + keepFor };
    }
  }

  /** The worker of the attempt that runs is taken for dead. */
  lose(task: ModelTask): void {
    task.lost += 1;
    task.outcomes.push('lost');
    if (task.cancelRequested) this.retire(task, 'cancelled', KEPT_BY_ENGINE_MS);
    else if (task.lost >= MAX_LOST_ATTEMPTS) this.retire(task, 'failed', KEPT_BY_ENGINE_MS);
    else {
      task.state = 'available';
      task.excused += 1;
    }
  }

  /** Returns whether the action applied. */
  act(action: TaskAction, id: string): boolean {
    const task = this.tasks.get(id);
    if (!task || !APPLIES[action].has(task.state)) return false;
    switch (action) {
      case 'delete':
        this.tasks.delete(id);
        return true;
      case 'cancel':
        if (task.state === 'running') task.cancelRequested = true;
        else this.retire(task, 'cancelled', KEPT_BY_ENGINE_MS);
        return true;
      case 'retry':
        if (task.state === 'cancelled' && !this.traits.keepsCancelledAttempts) {
          task.attempt = 0;
          task.outcomes.length = 0;
        }
        liveAgain(task, this.now);
        if (task.state !== 'retryable') {
          task.excused = task.attempt;
          task.lost = 0;
          task.expiresAt = null;
        }
        break;
      case 'run-now':
        break;
    }
    task.state = 'available';
    task.runAt = this.now;
    this.takePlace(task, 'back');
    return true;
  }

  /** What the engine does by itself once it may. */
  settle(): void {
    for (const task of this.tasks.values()) {
      if (task.expiresAt !== null && task.expiresAt <= this.now) this.tasks.delete(task.id);
      if ((task.state === 'scheduled' || task.state === 'retryable') && task.runAt <= this.now) {
        task.state = 'available';
        this.takePlace(task, 'back');
      }
      if (task.result && task.result.until <= this.now) task.result = null;
      this.lapse(task);
    }
    for (const queue of QUEUES) {
      while (!this.paused.has(queue) && this.waiting[queue] > 0) {
        const [next] = this.line(queue);
        if (!next) break;
        this.waiting[queue] -= 1;
        this.claim(next);
      }
    }
  }

  /** Ends a task that waits when its time has come. */
  private lapse(task: ModelTask): void {
    const next = isWaiting(task) ? lapse(task, task.attempt > 0) : null;
    if (!next || next[1] > this.now) return;
    [task.reason] = next;
    this.retire(task, task.reason === 'expired' ? 'cancelled' : 'failed', KEPT_BY_ENGINE_MS);
  }

  /**
   * Whether a worker might get the task, were it handed back now, before the store ends it: either is right, and then the
   * handler is not called.
   */
  isContested({ queue, deadlineAt }: ModelTask): boolean {
    return deadlineAt !== null && deadlineAt <= this.now && this.waiting[queue] > 0;
  }

  claim(task: ModelTask): void {
    task.state = 'running';
    task.attempt += 1;
    task.cancelRequested = false;
  }

  /** The available tasks of `queue` in the order in which they are to run. */
  line(queue: Queue): ModelTask[] {
    return [...this.tasks.values()]
      .filter((task) => task.queue === queue && task.state === 'available')
      .sort(
        (left, right) => right.priority - left.priority || left.place - right.place || (left.id < right.id ? -1 : 1),
      );
  }

  running(): ModelTask[] {
    return [...this.tasks.values()].filter((task) => task.state === 'running');
  }

  /** The times up to `until` at which a task comes due, or is ended by its times, in order. */
  dueTimes(until: number): number[] {
    const due = [...this.tasks.values()].filter((task) => isWaiting(task) && task.state !== 'available');
    const times = [...due.map(({ runAt }) => runAt), ...this.lapseTimes(until)];
    return [...new Set(times.filter((time) => time <= until))].sort((left, right) => left - right);
  }

  /** Those at which a task is ended by its times. */
  lapseTimes(until: number): number[] {
    const waiting = [...this.tasks.values()].filter(isWaiting);
    const times = waiting.map((task) => lapse(task, task.attempt > 0)?.[1] ?? Infinity);
    return times.filter((time) => time <= until);
  }

  seen(id: string): SeenTask | null {
    const task = this.tasks.get(id);
    if (!task) return null;
    const ended = task.outcomes.map((outcome, index) => [index + 1, outcome] as const);
    const attempts = task.state === 'running' ? [...ended, [task.attempt, null] as const] : ended;
    return {
      state: task.state,
      attempt: task.attempt,
      attempts,
      ...(task.reason && { reason: task.reason }),
      ...(task.result && { result: task.result.json }),
    };
  }

  /** Queues with their counts, as text: only states that have any. */
  depths(): string[] {
    return QUEUES.map((queue) => {
      const counts = new Map<TaskState, number>();
      for (const task of this.tasks.values()) {
        if (task.queue === queue) counts.set(task.state, (counts.get(task.state) ?? 0) + 1);
      }
      return depthText(queue, counts, this.paused.has(queue));
    });
  }

  /** Where a task stands that becomes available again: what is handed back goes first, by the order of ids. */
  private takePlace(task: ModelTask, where: 'front' | 'back'): void {
    if (this.traits.queueOrder === 'available') task.place = where === 'front' ? -1 : this.places++;
  }

  private goOn(task: ModelTask, outcome: AttemptOutcome, state: TaskState, counts: boolean): void {
    task.outcomes.push(outcome);
    task.state = state;
    if (!counts) task.excused += 1;
  }

  private endAs(task: ModelTask, state: 'completed' | 'failed' | 'cancelled', keepFor: number | null): void {
    task.outcomes.push(state);
    this.retire(task, state, keepFor);
  }

  private retire(task: ModelTask, state: TaskState, keepFor: number | null): void {
    task.state = state;
    task.expiresAt = keepFor === null ? null : this.now + keepFor;
  }
}

function isWaiting({ state }: ModelTask): boolean {
  return state === 'scheduled' || state === 'retryable' || state === 'available';
}

export function depthText(queue: string, counts: ReadonlyMap<TaskState, number>, paused: boolean): string {
  const states = [...counts].filter(([, count]) => count !== 0).map(([state, count]) => `${state} ${count}`);
  return `${queue}${paused ? ' (paused)' : ''}: ${states.sort().join(', ') || 'empty'}`;
}
