import { attemptsNoted, ENCODED_RESULT, ENDED } from '../job-result.js';
import { isInFlow } from './in-flow.js';
import type { TaskJob } from '../task-job.js';

/** How a task has ended that others wait for. */
export type ChildEnd =
  | { readonly state: 'completed'; readonly result: string | null }
  | { readonly state: 'failed'; readonly reason: string }
  | {
      readonly state: 'cancelled';
      /** Place of the node whose end kept it from running; absent where it was cancelled otherwise. */
      readonly cause?: number;
    };

/** What BullMQ has noted of a child in its parent: a value that it returned, or why it failed. */
export type NotedChild = { readonly value: unknown } | { readonly failed: string };

/**
 * BullMQ knows children that completed and such that failed: one that was cancelled is completed, and says so by what it
 * returns.
 *
 * @param cause see {@link ChildEnd}
 */
export function cancelledValue(job: TaskJob, cause?: number): unknown {
  return isInFlow(job) ? { [ENDED]: { ...(cause !== undefined && { cause }) } } : undefined;
}

export function childEndOf(noted: NotedChild): ChildEnd {
  if ('failed' in noted) return { state: 'failed', reason: noted.failed };
  const { value } = noted;
  if (typeof value === 'object' && value !== null) {
    const { [ENDED]: ended, [ENCODED_RESULT]: encoded } = value as Record<string, unknown>;
    if (ended) return { state: 'cancelled', ...(ended as { readonly cause?: number }) };
    if (typeof encoded === 'string') return { state: 'completed', result: Buffer.from(encoded, 'base64').toString() };
    if (attemptsNoted(value) !== undefined) return { state: 'completed', result: null };
  }
  return { state: 'completed', result: JSON.stringify(value ?? null) };
}
