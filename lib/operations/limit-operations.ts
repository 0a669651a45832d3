import { checkPauseSelector } from '../checks/index.js';
import type { ResolvedConfig } from '../config/index.js';
import { InvalidArgumentError, type LimitStatus, type PauseSelector, type TaskPause } from '../contract/index.js';
import type { Limiting, TaskEngine } from '../engine/port/index.js';
import type { QueueOperations } from './queue-operations.js';

/** Pauses of some tasks, and what of rate limits is in use. */
export class LimitOperations {
  constructor(
    private readonly engine: Pick<TaskEngine, 'kind' | 'limiting'>,
    private readonly config: Pick<ResolvedConfig, 'queues' | 'limits'>,
    private readonly queues: QueueOperations,
  ) {}

  /** Starts no more of these tasks, in any process, until they are resumed. @throws InvalidArgumentError, UnknownQueueError */
  async pause(given: PauseSelector): Promise<void> {
    const selector = checkPauseSelector(given);
    if (isOfQueue(selector)) await this.queues.pause(selector.queue);
    else await this.limiting(selector).pause(selector);
  }

  /** Takes the pause of the same selector back. @throws InvalidArgumentError, UnknownQueueError */
  async resume(given: PauseSelector): Promise<void> {
    const selector = checkPauseSelector(given);
    if (isOfQueue(selector)) await this.queues.resume(selector.queue);
    else await this.limiting(selector).resume(selector);
  }

  /** The pauses of some tasks that stand; those of whole queues are told with the queues. */
  async pauses(): Promise<readonly TaskPause[]> {
    return (await this.engine.limiting?.pauses()) ?? [];
  }

  /** The limits that this process has in its options, as they stand; none where the engine does not tell. */
  async limits(): Promise<readonly LimitStatus[]> {
    const { queues, limits } = this.config;
    const own = [...queues.values()].flatMap(({ name, rateLimit }) =>
      rateLimit ? [{ name, kind: 'queue' as const, ...rateLimit }] : [],
    );
    const shared = [...limits].map(([name, limit]) => ({ name, kind: 'shared' as const, ...limit }));
    return (await this.engine.limiting?.limits([...shared, ...own])) ?? [];
  }

  private limiting({ name, tag }: PauseSelector): Limiting {
    if (this.engine.limiting) return this.engine.limiting;
    const field = name === undefined ? (tag === undefined ? 'key' : 'tag') : 'name';
    throw new InvalidArgumentError(
      field,
      `"${field}" cannot be paused by: the engine "${this.engine.kind}" pauses whole queues alone. Pause { queue }, or use ` +
        'the embedded engine.',
    );
  }
}

function isOfQueue(selector: PauseSelector): selector is { readonly queue: string; readonly key?: undefined } {
  return selector.queue !== undefined && selector.key === undefined;
}
