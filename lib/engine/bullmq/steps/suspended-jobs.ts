import type { WaitingFor } from '../../../contract/index.js';
import { waitingFor } from '../../common/index.js';
import type { StepRecord } from '../../port/index.js';
import { type AttemptRecord, recordsIn } from '../attempt-record.js';
import { attemptOf } from '../stored-job.js';
import type { TaskJob } from '../task-job.js';
import type { JobSuspension } from './step-rows.js';
import { placeText, nameText, stepText } from './stored-steps.js';

/** BullMQ knows no job that waits without end: it is delayed for so long, and then asks again. */
const WITHOUT_END_MS = 10 * 365 * 24 * 60 * 60 * 1000;

/** How a job is put aside whose attempt waits for something, with the record of that attempt. */
export function suspensionOf(
  attempt: AttemptRecord,
  waits: readonly StepRecord[],
): Pick<JobSuspension, 'steps' | 'signals' | 'due'> & { readonly record: AttemptRecord } {
  const since = attempt.finishedAt;
  const shown = waitingFor(waits, since);
  return {
    steps: Object.fromEntries(waits.map((wait) => [placeText(wait), stepText(wait, attempt.attempt)])),
    signals: [...new Set(waits.flatMap(({ wait }) => wait?.signals ?? []))].map(nameText),
    due: shown.until ?? since + WITHOUT_END_MS,
    record: { ...attempt, runAt: shown.until ?? since, waitingFor: shown },
  };
}

/** What a delayed job is put aside for; undefined where it is delayed for another reason. */
export function suspensionIn(job: Pick<TaskJob, 'opts' | 'attemptsStarted' | 'stacktrace'>): WaitingFor | undefined {
  const last = job.stacktrace?.at(-1);
  if (last === undefined) return undefined;
  const [record] = recordsIn([last]);
  return record?.attempt === attemptOf(job) ? record.waitingFor : undefined;
}
