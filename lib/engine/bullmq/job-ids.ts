/** The form of the ids that the library makes. */
const MADE = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Stands before an id that an app gave. */
const GIVEN = '~';

/**
 * The id of the job that a task is. BullMQ takes no whole number for one, as it counts so itself, and no colon; on Redis a
 * job is a key beside the queue's own (`meta`, `wait`, `events`) and those of other jobs (`<id>:lock`). An id that an app
 * gave is therefore marked, and written without colons: `welcome:42` as `~welcome%3A42`.
 */
export function jobIdOf(taskId: string): string {
  return MADE.test(taskId)
    ? taskId
    : `${GIVEN}${taskId.replace(/[%:]/g, (character) => encodeURIComponent(character))}`;
}

/** The id of the task that a job is; the job's own where other code added it. */
export function taskIdOf(jobId: string): string {
  if (!jobId.startsWith(GIVEN)) return jobId;
  return jobId.slice(GIVEN.length).replace(/%25|%3A/g, (encoded) => decodeURIComponent(encoded));
}

/** The ids that a task's job may have: other code may have added it, under an id that the library would not give. */
export function jobIdsOf(taskId: string): readonly string[] {
  const jobId = jobIdOf(taskId);
  return jobId === taskId ? [jobId] : [jobId, taskId];
}
