/** The task that is enqueued when another one has failed for good. */
export interface FailureTarget {
  readonly queue: string;
  readonly name: string;
}
