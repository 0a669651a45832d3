/** Tasks are claimed ahead only as far as the workers get through them in this time. */
const AHEAD_MS = 10;
/** The most of that, where claims take long. */
const MAX_AHEAD_MS = 50;
/** A claim that is asked for when half of what is at hand has begun is there before the rest has, if it takes a third of it. */
const CLAIMS_AHEAD = 3;
/** Weight of the newest run, and of the newest claim, in the average. */
const SMOOTHING = 0.1;
/** What is remembered of starts fades when it has taken so long. */
const REMEMBERED_MS = 100;
/** Starts of which nothing is concluded yet. */
const FEW_STARTS = 3;

/**
 * How many tasks the workers of a queue get through in about ten milliseconds, or in the time that three claims take on a slow
 * disk. More at hand would wait here while another process could run them; fewer, and the workers wait for the next claim.
 *
 * Two things bound it: how long a handler runs, as each worker has one, and how soon one start follows another. Handlers that
 * compute leave this process's thread to nobody, so that a hundred workers start no more of them than one.
 */
export class ClaimPace {
  /** Null as long as nothing has run. */
  private runMs: number | null = null;
  private claimMs: number | null = null;
  /** Starts, and the time that they took, while there was always one more to start. */
  private starts = 0;
  private startingMs = 0;
  /** How many starts there were to learn from, those that have faded too. */
  private learned = 0;
  private lastStart: number | null = null;

  /** @param claimMs from the claim until its tasks were here */
  claimed(claimMs: number): void {
    const before = this.claimMs ?? claimMs;
    this.claimMs = before + SMOOTHING * (claimMs - before);
  }

  /** @param isLast whether there is none that could start next */
  started(now: number, isLast: boolean): void {
    if (this.lastStart !== null) {
      this.learned += 1;
      this.starts += 1;
      this.startingMs += now - this.lastStart;
      if (this.startingMs > REMEMBERED_MS) {
        this.starts /= 2;
        this.startingMs /= 2;
      }
    }
    this.lastStart = isLast ? null : now;
  }

  ran(milliseconds: number): void {
    const before = this.runMs ?? AHEAD_MS;
    this.runMs = before + SMOOTHING * (milliseconds - before);
  }

  /** What was claimed ahead has waited for too long: nothing is, until more is known. */
  forgetRuns(): void {
    this.runMs = null;
  }

  /** Tasks that so many workers end in that time: what is worth claiming beside those that they can begin now. */
  aheadOf(workers: number): number {
    const { runMs, horizon } = this;
    if (runMs === null || runMs >= horizon) return 0;
    return Math.ceil((workers * horizon) / Math.max(runMs, 0.01));
  }

  /** The most tasks that begin in that time, however many workers are free; at least one. */
  get startable(): number {
    if (this.learned < FEW_STARTS) return Infinity;
    return Math.max(1, Math.ceil((this.starts * this.horizon) / Math.max(this.startingMs, 0.01)));
  }

  private get horizon(): number {
    return Math.min(MAX_AHEAD_MS, Math.max(AHEAD_MS, CLAIMS_AHEAD * (this.claimMs ?? 0)));
  }
}
