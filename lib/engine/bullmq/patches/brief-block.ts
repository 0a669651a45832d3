import type { IQueueBackend } from 'bullmq';

/** After so long a worker looks for tasks even where nobody told it of any. */
const MAX_BLOCK_SECONDS = 10;

/** Has a worker wait for tasks no longer than that: on PostgreSQL it would be an hour, too long for a line that died. */
export function blockBriefly({ backend }: { readonly backend: IQueueBackend }): void {
  Object.defineProperty(backend, 'maximumBlockTimeout', { value: MAX_BLOCK_SECONDS });
}
