/** Tasks that are counted of one kind that nobody handles. */
export const MAX_UNHANDLED_COUNTED = 1_000;

/** Tasks of one queue and name that wait for a process that handles them. */
export interface UnhandledKind {
  readonly queue: string;
  readonly name: string;
  /** Since when the first of them has been left to others, in UTC milliseconds. */
  readonly since: number;
  /** How many there are, among the first {@link MAX_UNHANDLED_COUNTED} of their kind that wait. */
  readonly tasks: number;
}
