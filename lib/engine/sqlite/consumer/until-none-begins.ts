import { monotonicTime, sleep } from '../../../clock/index.js';
import { StoreError } from '../../../contract/index.js';
import { heartbeatFolder } from '../process/heartbeat.js';
import { startKey, Starts } from '../process/starts.js';
import { leasesOf } from '../sql/pause-queue.js';
import type { Connection } from '../store/connection.js';

const LOOK_EVERY_MS = 5;
/** Other processes see a pause within a few milliseconds; one whose event loop is blocked, when that is over. */
const PATIENCE_MS = 30_000;

/**
 * Resolves when no task of a queue that is paused by now can begin any more: what other processes have claimed ahead has
 * begun, or was handed back.
 * @param self id of this process, which has handed back what it had
 * @throws StoreError where a process keeps tasks that have not begun
 */
export async function untilNoneBegins(connection: Connection, queue: string, self: string | null): Promise<void> {
  const folder = heartbeatFolder(connection.path);
  if (folder === null) return;
  const until = monotonicTime() + PATIENCE_MS;
  for (;;) {
    const held = (await connection.read((database) => leasesOf(database, queue))).filter(
      ({ worker }) => worker !== self,
    );
    const begun = new Map([...new Set(held.map(({ worker }) => worker))].map((id) => [id, Starts.read(folder, id)]));
    const ahead = held.filter(({ seq, attempt, worker }) => begun.get(worker)?.has(startKey(seq, attempt)) === false);
    if (ahead.length === 0) return;
    if (monotonicTime() > until) {
      throw new StoreError(
        `Queue "${queue}" is paused, but worker ${ahead[0]!.worker} has not answered for ${PATIENCE_MS / 1_000} s and ` +
          `holds tasks of it that it took before (${ahead.length}): those may still begin`,
      );
    }
    await sleep(LOOK_EVERY_MS);
  }
}
