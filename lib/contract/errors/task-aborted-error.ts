/** Why a delivery's signal was aborted; the signal's `reason`. */
export type AbortCause = 'cancelled' | 'shutdown' | 'lease-lost' | 'timeout' | 'deadline';

export class TaskAbortedError extends Error {
  override readonly name: string = 'TaskAbortedError';

  constructor(
    readonly reason: AbortCause,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
