import type { LimitStatus, PauseSelector, RateLimit, TaskPause } from '../../contract/index.js';

/** What of rate limits is in use, and pauses of some tasks of a queue, for an engine that has them. */
export interface Limiting {
  /** How limits stand that the configuration has. */
  limits(limits: ReadonlyArray<RateLimit & Pick<LimitStatus, 'name' | 'kind'>>): Promise<readonly LimitStatus[]>;
  /** Starts no more of these tasks, in any process, until they are resumed; what runs goes on. */
  pause(selector: PauseSelector): Promise<void>;
  /** Takes the pause of the same selector back; nothing happens where there is none. */
  resume(selector: PauseSelector): Promise<void>;
  /** The pauses that stand, but for those of whole queues. */
  pauses(): Promise<readonly TaskPause[]>;
}
