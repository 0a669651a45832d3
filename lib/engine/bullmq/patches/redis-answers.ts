import type { IRedisTransaction } from 'bullmq';
import { discardedBy } from '../connections/server-faults.js';

/** What the commands of a transaction answered. @throws where it was not carried out */
export async function answersOf(
  transaction: IRedisTransaction,
): Promise<ReadonlyArray<readonly [Error | null, unknown]>> {
  try {
    return (await transaction.exec()) ?? [];
  } catch (error) {
    throw discardedBy(error) ?? error;
  }
}
