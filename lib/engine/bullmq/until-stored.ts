import { sleep } from '../../clock/index.js';
import { AttemptError } from './attempt-record.js';
import { isServerFault } from './connections/server-faults.js';

/** How long it takes until a server that was away or full is asked again. */
export const AGAIN_MS = 500;

/**
 * Does what belongs to an attempt in the store, again and again while the server is away, full or only reads: given up, it
 * would be taken for the attempt of a process that died.
 * @param isOver whether nobody waits for it any more
 */
export async function untilStored<T>(action: () => Promise<T>, isOver: () => boolean): Promise<T> {
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (error instanceof AttemptError || !isServerFault(error) || isOver()) throw error;
      await sleep(AGAIN_MS);
    }
  }
}
