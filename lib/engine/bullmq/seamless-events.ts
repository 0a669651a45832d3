import type { IQueueBackend, QueueEvents } from 'bullmq';
import type { Connections } from './connections.js';

const FROM_NOW_ON = '$';

/**
 * Makes a reader hear every event from its first look on. Until it has heard of one, BullMQ begins anew with each look,
 * and misses what happens between two of them.
 */
export function seamless(events: QueueEvents, connections: Connections, queue: string): void {
  const { backend } = events as unknown as { readonly backend: IQueueBackend };
  const read = backend.readEvents.bind(backend);
  let begin: Promise<string> | null = null;
  backend.readEvents = async (id, timeout) => {
    if (id !== FROM_NOW_ON) return read(id, timeout);
    begin ??= lastEvent(connections, queue).catch((error: unknown) => {
      begin = null;
      throw error;
    });
    return read(await begin, timeout);
  };
}

/** The id of an event before all that come. */
async function lastEvent({ shared }: Connections, queue: string): Promise<string> {
  if ('query' in shared) {
    const found = await shared.query<{ last: string }>(
      'SELECT coalesce(max(id), 0)::text AS last FROM event WHERE queue = $1',
      [queue],
    );
    return found.rows[0]!.last;
  }
  // Redis begins ids with its own time, in milliseconds.
  const [seconds, microseconds] = await shared.time();
  return `${Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000) - 1}-0`;
}
