/** Milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p95: number;
}

/** One that does the same work in its own way, each time on a new file. Rates are tasks a second. */
export interface Contestant {
  /** `callers` enqueue at the same time, each awaiting that its task is durable before it enqueues the next. */
  enqueue(count: number, callers: number): Promise<number>;
  /** Enqueues `size` tasks at once, again and again. */
  enqueueMany(count: number, size: number): Promise<number>;
  /** Runs `count` tasks that wait, until all are durably completed. */
  drain(count: number): Promise<number>;
  /** From the call that enqueues a task, with nothing else to do, until it begins to run. */
  pickUp(count: number): Promise<Latency>;
}
