import type { EngineContext } from '../port/index.js';
import { isInFlow } from './flows/in-flow.js';
import { keeping } from './keeping.js';
import { callerOf } from './steps/callers.js';
import type { TaskJob } from './task-job.js';

/** How long a task is kept at least that was called, or that is of a workflow. */
const AWAITED_KEPT_MS = 60 * 60 * 1000;

/** As {@link keeping}, of a job: what was called is kept until its caller has read what came of it, as is what others wait for. */
export function keepingJob(
  job: TaskJob,
  queue: string,
  state: 'completed' | 'failed',
  keepFor: number | null,
  keepAtMost: EngineContext['keepAtMost'],
): ReturnType<typeof keeping> {
  if (!callerOf(job) && !isInFlow(job)) return keeping(queue, state, keepFor, keepAtMost);
  return keeping(queue, state, keepFor === null ? null : Math.max(keepFor, AWAITED_KEPT_MS), undefined);
}
