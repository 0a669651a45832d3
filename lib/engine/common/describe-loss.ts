/**
 * What a `WorkerLostError` says.
 *
 * @param lost attempts in a row that were lost, this one among them
 * @param most of them after which the task is given up
 */
export function describeLoss(lost: number, most: number): string {
  const again =
    lost < most
      ? 'The task runs again.'
      : `That was attempt number ${lost} in a row to be lost, so the task is not tried again.`;
  return `The process that ran this attempt ended, or gave no sign of life for the length of its lease. ${again}`;
}
