import { setImmediate } from '../clock/index.js';

interface Waiting {
  readonly call: number;
  goOn(): void;
}

/**
 * Turns of the event loop for calls whose rows take more than one to be checked: one call in each, and of those that wait
 * the one that came first. Its tasks are stored while those of the next call are checked; were all of them checked side by
 * side, all would be ready at the end, and a turn would last as long as there are calls.
 */
export class CheckTurns {
  private calls = 0;
  private readonly waiting: Waiting[] = [];
  /** Whether the next turn is given to somebody. */
  private isServed = false;

  /** A call begins; returns its number. */
  begin(): number {
    this.calls += 1;
    return this.calls;
  }

  /** Resolves in a later turn, when no call that waits has come before this one. */
  next(call: number): Promise<void> {
    return new Promise((goOn) => {
      this.waiting.push({ call, goOn });
      this.serve();
    });
  }

  private serve(): void {
    if (this.isServed || this.waiting.length === 0) return;
    this.isServed = true;
    setImmediate(() => {
      this.isServed = false;
      const first = this.waiting.reduce((oldest, one) => (one.call < oldest.call ? one : oldest));
      this.waiting.splice(this.waiting.indexOf(first), 1);
      first.goOn();
      this.serve();
    });
  }
}
