import { now } from './clock.js';

/**
 * What a task does. `no-op`: nothing; `io`: waits 1 ms, as for a server; `cpu`: computes for 5 ms; `paced`: waits until
 * it is let through, 5,000 a second; `stuck`: never ends.
 */
export type WorkloadKind = 'no-op' | 'io' | 'cpu' | 'paced' | 'stuck';

export interface WorkloadOptions {
  readonly kind: WorkloadKind;
  /** Note when each task began. */
  readonly times?: boolean;
}

const PACE_PER_MS = 5;
/** Beyond any that is to run. */
const MAX_INDEX = 100_000_000;
/** How far the paced may catch up after they were held up, in milliseconds. */
const MAX_CATCH_UP_MS = 100;

/** The handler that all contestants call, and the record of which tasks ran how often. */
export class Workload {
  /** Tasks that began. */
  count = 0;
  firstAt = 0;
  lastAt = 0;
  /** Longest time between the starts of two tasks, since {@link resetGap}. */
  longestGap = 0;
  /** How often each index ran. */
  private runs = new Uint8Array(1 << 16);
  private readonly startedAt = new Map<number, number>();
  private readonly awaited = new Map<number, (at: number) => void>();
  private goal = Infinity;
  private onGoal: ((at: number) => void) | null = null;
  private readonly held: Array<() => void> = [];
  private pacer: NodeJS.Timeout | null = null;

  constructor(private readonly options: WorkloadOptions) {}

  /** What the contestant calls for each task. */
  run(index: number): void | Promise<void> {
    this.note(index);
    switch (this.options.kind) {
      case 'no-op':
        return;
      case 'io':
        return new Promise((resolve) => setTimeout(resolve, 1));
      case 'cpu':
        return compute(5);
      case 'paced':
        return this.pass();
      case 'stuck':
        return new Promise(() => undefined);
    }
  }

  /** Resolves to the time at which task number `count` began, by the order of starts. */
  reached(count: number): Promise<number> {
    if (this.count >= count) return Promise.resolve(this.lastAt);
    this.goal = count;
    return new Promise((resolve) => (this.onGoal = resolve));
  }

  /** Resolves to the time at which the task of this index began. */
  began(index: number): Promise<number> {
    const at = this.startedAt.get(index);
    if (at !== undefined) return Promise.resolve(at);
    return new Promise((resolve) => this.awaited.set(index, resolve));
  }

  resetGap(): void {
    this.longestGap = 0;
  }

  /** How often each index ran, from 0 on. */
  get counts(): Uint8Array {
    return this.runs;
  }

  get times(): ReadonlyMap<number, number> {
    return this.startedAt;
  }

  stop(): void {
    if (this.pacer) clearInterval(this.pacer);
    this.pacer = null;
    for (const resolve of this.held.splice(0)) resolve();
  }

  private note(index: number): void {
    const at = now();
    if (this.count === 0) this.firstAt = at;
    else if (at - this.lastAt > this.longestGap) this.longestGap = at - this.lastAt;
    this.lastAt = at;
    this.count += 1;
    if (index >= this.runs.length) {
      if (index > MAX_INDEX) throw new Error(`Task ${index} was not to run`);
      const larger = new Uint8Array(2 ** Math.ceil(Math.log2(index + 1)));
      larger.set(this.runs);
      this.runs = larger;
    }
    this.runs[index]! += 1;
    if (this.options.times) {
      if (!this.startedAt.has(index)) this.startedAt.set(index, at);
      const awaiting = this.awaited.get(index);
      if (awaiting) {
        this.awaited.delete(index);
        awaiting(at);
      }
    }
    if (this.count === this.goal) this.onGoal?.(at);
  }

  private pass(): Promise<void> {
    if (!this.pacer) {
      let last = now();
      this.pacer = setInterval(() => {
        const time = now();
        last = Math.max(last, time - MAX_CATCH_UP_MS);
        const through = Math.floor((time - last) * PACE_PER_MS);
        last += through / PACE_PER_MS;
        for (const resolve of this.held.splice(0, through)) resolve();
      }, 1);
    }
    return new Promise((resolve) => this.held.push(resolve));
  }
}

function compute(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}
