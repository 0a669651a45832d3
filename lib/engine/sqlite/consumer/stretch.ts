/**
 * How long one kind of work has gone on within a turn of the event loop. Handlers that have nothing to wait for would
 * follow one another in one turn, by the hundred, and an HTTP request would wait for all of them.
 */
export class Stretch {
  private since: number | null = null;

  /** @param longest milliseconds */
  constructor(private readonly longest: number) {}

  /** Whether it is time to let other work have its turn. */
  get isOver(): boolean {
    const now = performance.now();
    if (this.since === null) {
      this.since = now;
      setImmediate(() => (this.since = null));
    }
    return now - this.since > this.longest;
  }
}
