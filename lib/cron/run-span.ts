import { parseDuration } from '../checks/index.js';
import type { Duration, ScheduleTraits } from '../contract/index.js';

/** How long the runs of a schedule live, as a decorator or a call says it. */
export interface RunSpanOptions {
  /**
   * A run that has not started when so much has passed since it was enqueued is cancelled, with the reason `expired`.
   * @default none: it waits as long as it takes
   */
  expires?: Duration;
  /**
   * A run that has not ended when so much has passed since it was enqueued fails with a `DeadlineError`.
   * @default none
   */
  deadline?: Duration;
}

/** @throws InvalidArgumentError for what is no duration: a schedule has many runs, so that a date would be none's */
export function runSpanOf({ expires, deadline }: RunSpanOptions): Pick<ScheduleTraits, 'expires' | 'deadline'> {
  return {
    ...(expires !== undefined && { expires: parseDuration(expires, 'expires', { min: 1 }) }),
    ...(deadline !== undefined && { deadline: parseDuration(deadline, 'deadline', { min: 1 }) }),
  };
}
