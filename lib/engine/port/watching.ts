import type { EngineChange } from './engine-change.js';

export interface WatchOptions {
  readonly soon?: boolean;
}

/** Word of what changes in the store. */
export interface Watching {
  /**
   * Calls `listener` after changes, soon but not for each one. Returns what ends it.
   * @param options `soon`: somebody waits for the change, and it is told of within a millisecond or two rather than together
   *   with others, as far as the engine can
   */
  watch(listener: (change: EngineChange) => void, options?: WatchOptions): () => void;
}
