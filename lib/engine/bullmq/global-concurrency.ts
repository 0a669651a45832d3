import type { QueueSet } from './queue-set.js';
import type { Registry } from './registry.js';

/**
 * Has BullMQ keep to the limit of what runs of a queue in all processes. One that this library has set, and that nothing asks
 * for any more, is taken back; one that somebody else has set stays.
 *
 * @param most null: nothing limits it
 */
export async function limitGlobally(
  set: QueueSet,
  registry: Registry,
  queue: string,
  most: number | null,
): Promise<void> {
  const note = `global-concurrency:${queue}`;
  if (most !== null) {
    await set.queue(queue).setGlobalConcurrency(most);
    await registry.declare({ [note]: String(most) });
  } else if ((await registry.get(note)) !== undefined) {
    await set.queue(queue).removeGlobalConcurrency();
    await registry.forget(note);
  }
}
