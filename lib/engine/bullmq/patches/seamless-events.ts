import type { IQueueBackend, QueueEvents } from 'bullmq';
import { isPgPool, type Connections } from '../connections/connections.js';

const FROM_NOW_ON = '$';

/**
 * Makes a reader hear every event from its first look on. Until it has heard of one, BullMQ begins anew with each look,
 * and misses what happens between two of them.
 * @param onBegin called at its first look: what happened before is not among the events
 */
export function seamless(events: QueueEvents, connections: Connections, queue: string, onBegin: () => void): void {
  const { backend } = events as unknown as { readonly backend: IQueueBackend };
  const read = backend.readEvents.bind(backend);
  let begin: Promise<string> | null = null;
  const beginWith = async (last: Promise<string>): Promise<string> => {
    const id = await last;
    onBegin();
    return id;
  };
  backend.readEvents = async (id, timeout) => {
    if (id !== FROM_NOW_ON) return read(id, timeout);
    begin ??= beginWith(lastEvent(connections, queue, backend.toKey('events'))).catch((error: unknown) => {
      begin = null;
      throw error;
    });
    return read(await begin, timeout);
  };
}

/** The id of the last event so far. */
async function lastEvent({ shared }: Connections, queue: string, key: string): Promise<string> {
  if (isPgPool(shared)) {
    const found = await shared.query<{ last: string }>(
      'SELECT coalesce(max(id), 0)::text AS last FROM event WHERE queue = $1',
      [queue],
    );
    return found.rows[0]!.last;
  }
  const [newest] = await shared.xrevrange(key, '+', '-', 'COUNT', 1);
  return newest?.[0] ?? '0-0';
}
