import type { TaskError } from '../../contract/index.js';
import { describeLoss } from '../common/index.js';
import type { TaskJob } from './task-job.js';

/** BullMQ's own words where it fails a job whose processes have died too often. */
const GIVEN_UP = /^job stalled more than/;

/** The error of a job that BullMQ has failed for that; null of any other. */
export function lostError(job: TaskJob, reason: string = job.failedReason): TaskError | null {
  if (!GIVEN_UP.test(reason)) return null;
  const lost = Math.max(1, job.stalledCounter || 0);
  return { name: 'WorkerLostError', message: describeLoss(lost, lost) };
}
