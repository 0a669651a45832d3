import { describeLoss } from '../common/index.js';
import type { Happenings } from './happenings.js';
import { taskIdOf } from './job-ids.js';
import { type ListedParts, readListed } from './read-listed.js';

/**
 * Tells listeners of a job whose process is gone. BullMQ says which job, and has put it back by then: another process may have
 * begun it anew, and even ended it. The attempt that was lost is the last one of which no process has put an end on record.
 */
export async function tellOfLost(
  queue: string,
  jobId: string,
  maxLostAttempts: number,
  parts: ListedParts & { readonly happenings: Happenings },
): Promise<void> {
  if (!parts.happenings.areHeard) return;
  const listed = await parts.lists.findIn(queue, taskIdOf(jobId));
  // It was deleted since, or has ended and is not kept.
  if (!listed) return;
  const { attempts } = await readListed(parts, listed);
  const lost = attempts.findLast(({ outcome }) => outcome === 'lost');
  const message = describeLoss(listed.job.stalledCounter, maxLostAttempts);
  parts.happenings.tell('lost', queue, listed.job, { name: 'WorkerLostError', message }, lost?.attempt);
}
