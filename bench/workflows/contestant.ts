/** Steps, or tasks that wait for one another, of one workflow. */
export const STEPS = 5;
/** How many workflows are started at the same time, and how many tasks run at the same time where that is to be said. */
export const AT_ONCE = 100;

/** One that runs workflows: an app of its own, on an empty store, that works from `open` on. */
export interface Contestant {
  open(): Promise<void>;
  /** Starts so many workflows of steps that do nothing, {@link AT_ONCE} at a time; resolves when all have ended. */
  sequences(count: number): Promise<void>;
  /** One workflow of so many tasks that do nothing, and one that waits for all of them; resolves when that has run. */
  fan(width: number): Promise<void>;
  close(): Promise<void>;
}

/** Calls `start` so many times, {@link AT_ONCE} at a time. */
export async function startAll(count: number, start: () => Promise<unknown>): Promise<void> {
  let left = count;
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await start();
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, caller));
}

/** Resolves when it has been called so often. */
export class Countdown {
  private left = 0;
  private over = (): void => undefined;

  of(count: number): Promise<void> {
    this.left = count;
    return new Promise((resolve) => (this.over = resolve));
  }

  count(): void {
    if ((this.left -= 1) === 0) this.over();
  }
}
