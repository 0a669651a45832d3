import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE_MS = 100_000;
const PAUSE_MS = 10;

type Answer<T> = T | undefined | null | false;

/** What tells of changes, such as an engine's `watching`, a dispatcher or a stream of events. */
export interface Changes {
  /** Calls `listener` after each change until the returned function is called. */
  watch(listener: () => void): () => void;
}

export interface Waiting {
  /** Milliseconds after which it gives up; 100 seconds by default. */
  readonly patience?: number;
  /** Asks again after each of these changes; without them, every 10 ms. */
  readonly changes?: Changes;
}

/**
 * Asks again and again until `probe` gives something else than undefined, false or null.
 * @param what is awaited, for the message when it does not come; a function says it then
 */
export async function until<T>(
  what: string | (() => string),
  probe: () => Promise<Answer<T>> | Answer<T>,
  { patience = PATIENCE_MS, changes }: Waiting = {},
): Promise<T> {
  const deadline = performance.now() + patience;
  let changed = false;
  let wake = (): void => undefined;
  const stop = changes?.watch(() => {
    changed = true;
    wake();
  });
  /** Resolves after the next change, or when it is time to give up. */
  const nextChange = async (): Promise<void> => {
    const timer = setTimeout(() => wake(), deadline - performance.now());
    await new Promise<void>((resolve) => {
      wake = resolve;
      if (changed) resolve();
    });
    clearTimeout(timer);
  };
  try {
    let last: unknown;
    do {
      changed = false;
      const found = await probe();
      if (found) return found;
      last = found;
      await (changes ? nextChange() : sleep(PAUSE_MS));
    } while (performance.now() < deadline);
    const awaited = typeof what === 'string' ? what : what();
    throw new Error(`Waited ${patience / 1_000} s in vain for ${awaited}; last answer: ${String(last)}`);
  } finally {
    stop?.();
  }
}
