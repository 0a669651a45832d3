import type { JobHold } from './step-rows.js';

type Steps = Record<string, string>;

interface Writing {
  now: Promise<boolean>;
  /** What has come since. */
  next: { readonly steps: Steps; readonly done: Promise<boolean> } | null;
}

/**
 * Has what a job records while a write of it is under way written together, by the next one: a store that writes all that is on
 * record anew with each would take ever longer for many at once.
 */
export class StepsTogether {
  private readonly jobs = new Map<string, Writing>();

  /** @param write resolves to false where the lock was lost */
  constructor(private readonly write: (hold: JobHold, steps: Readonly<Steps>) => Promise<boolean>) {}

  record(hold: JobHold, address: string, text: string): Promise<boolean> {
    const key = JSON.stringify([hold.queue, hold.id, hold.token, hold.started]);
    const writing = this.jobs.get(key);
    if (!writing) {
      const now = this.write(hold, { [address]: text });
      this.follow(key, { now, next: null });
      return now;
    }
    if (writing.next) {
      writing.next.steps[address] = text;
      return writing.next.done;
    }
    const steps: Steps = { [address]: text };
    const written = (): Promise<boolean> => this.write(hold, steps);
    const done = writing.now.then(written, written);
    writing.next = { steps, done };
    return done;
  }

  private follow(key: string, writing: Writing): void {
    this.jobs.set(key, writing);
    const go = (): void => {
      if (writing.next) this.follow(key, { now: writing.next.done, next: null });
      else this.jobs.delete(key);
    };
    writing.now.then(go, go);
  }
}
