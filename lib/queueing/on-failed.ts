import { DEFAULT_QUEUE, type OnFailed, type ResolvedConfig } from '../config/index.js';
import type { FailureTarget } from '../contract/index.js';
import type { RegisteredHandler } from '../handlers/index.js';

/** A task that may fail, and what its handler says of that. */
interface Failing {
  readonly queue: string;
  readonly name: string;
  readonly onFailed: OnFailed | undefined;
}

/**
 * The task that is to be enqueued when another fails for good: its handler's choice over its queue's over the module's.
 * @param find the handler of a name, where there is one here
 */
export function failureTargetOf(
  { queue, name, onFailed }: Failing,
  config: Pick<ResolvedConfig, 'queues' | 'onFailed'>,
  find: (name: string) => Pick<RegisteredHandler, 'queue'> | undefined,
): FailureTarget | undefined {
  const chosen = onFailed ?? config.queues.get(queue)?.onFailed ?? config.onFailed;
  if (!chosen) return undefined;
  const target = typeof chosen === 'object' ? chosen : { name: chosen, queue: find(chosen)?.queue ?? DEFAULT_QUEUE };
  // It would follow itself for ever.
  return target.name === name ? undefined : target;
}
