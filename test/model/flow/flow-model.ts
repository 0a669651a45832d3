import type { TaskSummary, UniqueClaim } from '../../../lib/contract/index.js';
import type { NewTask } from '../../../lib/engine/port/index.js';
import { fetchesAhead, type FlowQueue, type FlowSetup, IMPORTS, KEYS } from './flow-setup.js';
import { type FlowRules, type FlowTask, isAbout, obstacle, rulesOf, Starts } from './flow-rules.js';
import { UniqueHolders } from './unique-holders.js';

/** A task as it was enqueued, or as the one that took its place was. */
export interface ModelTask extends FlowTask {
  readonly params: string;
  readonly claim: UniqueClaim | null;
}

export type SeenTasks = ReadonlyMap<string, TaskSummary>;

/** What is certain of tasks under limits, pauses and unique keys: which may start, which have to, and who holds which key. */
export class FlowModel {
  /** By the time that has passed, where the clock is set back. */
  elapsed = 0;
  readonly tasks = new Map<string, ModelTask>();
  /** Whose handlers run, and have their leases. */
  readonly running = new Map<string, ModelTask>();
  readonly starts = new Starts();
  readonly holders = new UniqueHolders();
  /** As the store stood when it last was at rest. */
  seen: SeenTasks = new Map();
  rules: FlowRules;
  /** As they were before the event that is under way. */
  private before: FlowRules;

  constructor(
    readonly setup: FlowSetup,
    public now: number,
  ) {
    this.rules = this.before = rulesOf(setup);
  }

  get fetchesAhead(): boolean {
    return fetchesAhead(this.setup);
  }

  pass(milliseconds: number): void {
    this.now += milliseconds;
    this.elapsed += Math.max(0, milliseconds);
    this.holders.pass(this.now);
  }

  /** From then on nothing starts that was allowed before the last event alone. */
  settle(seen: SeenTasks): void {
    this.seen = seen;
    this.before = this.rules;
  }

  /** A handler is called. Returns what speaks against it; null where nothing does. */
  begin({ id, params }: Pick<NewTask, 'id' | 'params'>, process: number): string | null {
    const task = this.tasks.get(id);
    if (!task) return `${id} started, and was never stored`;
    const wrong = this.running.has(id)
      ? 'it runs'
      : params === task.params
        ? this.objection(task)
        : `its params are ${params}, not ${task.params}`;
    this.running.set(id, task);
    this.starts.add(task, { at: this.now, elapsed: this.elapsed, process });
    return wrong && `${id} (${task.name} of ${task.queue}, key ${task.key}) started, although ${wrong}`;
  }

  /** What is yet to happen in a store that stands so; null where it is at rest. */
  pending(seen: SeenTasks, free: (queue: FlowQueue) => number): string | null {
    return this.overdue(seen) ?? this.undelivered(seen) ?? this.slotsAmiss(seen) ?? this.idle(seen, free);
  }

  private objection(task: ModelTask): string | null {
    const startsOf = (limit: string): number => this.starts.within(limit, this.elapsed);
    const by = (rules: FlowRules): string | null => obstacle(task, rules, this.running, startsOf, this.now);
    const objection = by(this.rules);
    return objection !== null && by(this.before) !== null ? objection : null;
  }

  private overdue(seen: SeenTasks): string | null {
    const late = [...seen.values()].find(
      ({ state, runAt }) => (state === 'scheduled' || state === 'retryable') && runAt <= this.now,
    );
    return late ? `${late.id} is due and ${late.state}` : null;
  }

  private undelivered(seen: SeenTasks): string | null {
    for (const [id] of this.running) {
      if (seen.get(id)?.state !== 'running') return `${id} runs here, and is ${seen.get(id)?.state} in the store`;
    }
    for (const [id, { state, queue }] of seen) {
      if (state !== 'running' || this.running.has(id)) continue;
      const isAhead = this.fetchesAhead && queue === IMPORTS;
      const pause = this.rules.pauses.find((selector) => isAbout(selector, this.tasks.get(id)!));
      if (!isAhead || pause) return `${id} is running in the store, and nowhere else`;
    }
    return null;
  }

  private slotsAmiss(seen: SeenTasks): string | null {
    for (const key of [null, ...KEYS]) {
      const states = [...seen.values()].filter(({ id }) => this.isOfKey(id, key)).map(({ state }) => state);
      const [held, available, running] = (['held', 'available', 'running'] as const).map(
        (state) => states.filter((each) => each === state).length,
      ) as [number, number, number];
      const slots = key === null ? Infinity : this.rules.slots;
      const told = `key ${key} with ${slots} slots has ${held} held, ${available} ready, ${running} running`;
      // What runs is not interrupted where there are fewer slots than there were.
      if (available + running > Math.max(slots, running)) return `Too many: ${told}`;
      if (held > 0 && available + running < slots) return `Idle: ${told}`;
    }
    return null;
  }

  private isOfKey(id: string, key: string | null): boolean {
    const task = this.tasks.get(id)!;
    return task.queue === IMPORTS && task.key === key;
  }

  private idle(seen: SeenTasks, free: (queue: FlowQueue) => number): string | null {
    const startsOf = (limit: string): number => this.starts.counted(limit, this.now);
    for (const { id, state } of seen.values()) {
      const task = this.tasks.get(id)!;
      if (state !== 'available' || free(task.queue) === 0) continue;
      if (obstacle(task, this.rules, this.running, startsOf, this.now) === null)
        return `Idle: ${id} (${task.name} of ${task.queue}, key ${task.key}) may start, and a worker is free`;
    }
    return null;
  }
}
