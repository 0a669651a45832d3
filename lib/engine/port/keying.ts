import type { KeyPage, QueueFlow } from '../../contract/index.js';

/** A change of what a queue lets run; a part that is null is as the configuration says again. */
export type FlowChange = {
  readonly [Part in 'keyConcurrency' | 'keyRateLimit' | 'globalConcurrency' | 'concurrency' | 'rateLimit']?:
    QueueFlow[Part] | null;
};

/** Tasks that share slots by a key, for an engine that has them: see {@link EngineCapabilities.keys}. */
export interface Keying {
  /** At most `limit` keys of a queue that have tasks which are ready, run or are held: in their order, from after `after` on. */
  keys(queue: string, page: { readonly after?: string; readonly limit: number }): Promise<KeyPage>;
  /** Changes, for all processes and over what their configuration says, what a queue lets run; resolves once its tasks obey. */
  setFlow(queue: string, change: FlowChange): Promise<void>;
  /** Gives this priority to the tasks of a key that wait, see {@link UPDATE_STATES}; resolves to how many there were. */
  setKeyPriority(queue: string, key: string, priority: number): Promise<number>;
}
