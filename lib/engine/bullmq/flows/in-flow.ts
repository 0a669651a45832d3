import { jobIdOf } from '../job-ids.js';
import { notesOf } from '../stored-job.js';
import type { TaskJob } from '../task-job.js';

export function isInFlow(job: Pick<TaskJob, 'opts'>): boolean {
  return notesOf(job).traits?.workflow !== undefined;
}

/** The request to end a workflow, beside those to end tasks. */
export function endingNote(workflow: string): string {
  return `workflow:${jobIdOf(workflow)}`;
}
