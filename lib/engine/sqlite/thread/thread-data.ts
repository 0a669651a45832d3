// Types alone, and none of a driver's: an app compiles against them.
import type { QueueFlow } from '../../../contract/index.js';

export interface ThreadOptions {
  /** Path of the file; not `:memory:`. */
  readonly database: string;
  readonly synchronous: 'full' | 'normal';
  readonly lease: number;
  readonly maxLostAttempts: number;
}

/** What a thread is made of. */
export interface ThreadPlace {
  /** Path of the file that the thread runs. */
  readonly entry: string;
  /** Version of the library: a file of another one is not run. */
  readonly version: string;
  readonly keepFor: RetentionTable;
  /** Most that its objects may take of memory once they are old, in MB. Default: what Node.js gives a thread. */
  readonly maxHeap?: number;
}

/** What a thread is started with. */
export interface ThreadData {
  readonly synchronous: 'full' | 'normal';
  readonly lease: number;
  readonly maxLostAttempts: number;
  readonly keepFor: RetentionTable;
  readonly flows: ReadonlyMap<string, QueueFlow | null> | undefined;
  /** Names under which this process was registered by a thread that is gone. */
  readonly former: readonly string[];
  /** Of the {@link ExitGate}. */
  readonly gate: SharedArrayBuffer;
}

interface EndKept {
  readonly failed: number | null;
  readonly cancelled: number | null;
  /** {@link EngineContext.keepAtMost} as data; absent where no queue has a limit. */
  readonly atMost?: Readonly<Record<'completed' | 'failed' | 'cancelled', number | null>>;
}

/** {@link EngineContext.keepFor} as data. */
export interface RetentionTable {
  readonly queues: ReadonlyMap<string, EndKept>;
  readonly others: EndKept;
}
