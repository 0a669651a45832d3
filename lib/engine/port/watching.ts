import type { TaskEvent } from '../../contract/index.js';
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
  /**
   * Calls `listener` once it is stored what this process did to tasks, in the order in which that was stored; what other
   * processes do is told there. Returns what ends it. Without listeners nothing is noted.
   * Absent where the engine cannot.
   */
  hear?(listener: (events: readonly TaskEvent[]) => void): () => void;
}
