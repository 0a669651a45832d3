import type { TaskEvent } from '../../../contract/index.js';
import type { EngineChange, WatchOptions, Watching } from '../../port/index.js';
import type { SqliteStore } from '../sqlite-store.js';

export class SqliteWatching implements Watching {
  constructor(private readonly store: SqliteStore) {}

  watch(listener: (change: EngineChange) => void, options?: WatchOptions): () => void {
    return this.store.opened.watch.add(listener, options?.soon);
  }

  hear(listener: (events: readonly TaskEvent[]) => void): () => void {
    return this.store.hear(listener);
  }
}
