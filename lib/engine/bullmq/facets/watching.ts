import type { TaskEvent } from '../../../contract/index.js';
import type { EngineChange, WatchOptions, Watching } from '../../port/index.js';
import type { BullmqStore } from '../bullmq-store.js';

export class BullmqWatching implements Watching {
  constructor(private readonly store: BullmqStore) {}

  watch(listener: (change: EngineChange) => void, options?: WatchOptions): () => void {
    return this.store.opened.watch.add(listener, options?.soon);
  }

  hear(listener: (events: readonly TaskEvent[]) => void): () => void {
    return this.store.happenings.hear(listener);
  }
}
