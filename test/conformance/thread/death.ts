/** Name of the channel on which threads are told to die. */
export const DEATHS = 'nestjs-tasks-deaths';

/** The end of a thread. */
export interface Death {
  /** Lease of its engine, in milliseconds: what a test's engines can be told apart by. */
  readonly of: number;
  readonly by: 'throw' | 'exit' | 'out of memory';
}
