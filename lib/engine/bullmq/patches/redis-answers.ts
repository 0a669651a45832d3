import type { IRedisTransaction } from 'bullmq';

/** What the commands of a transaction answered. @throws where it was not carried out */
export async function answersOf(
  transaction: IRedisTransaction,
): Promise<ReadonlyArray<readonly [Error | null, unknown]>> {
  try {
    return (await transaction.exec()) ?? [];
  } catch (error) {
    // Redis says that it was discarded, and before that why.
    throw (error as { previousErrors?: readonly Error[] }).previousErrors?.[0] ?? error;
  }
}
