import { claimTasks, type ClaimedTask } from '../statements/claim-tasks.js';
import { queueRows, setRate, type QueueRow } from '../statements/queue-rows.js';
import type { Transaction } from '../transaction.js';
import type { QueueConsumer } from './queue-consumer.js';

/** What one round of claims brought for one consumer. */
export interface Claim {
  readonly consumer: QueueConsumer;
  readonly tasks: readonly ClaimedTask[];
  /** When a rate limit lets the next task through; null where none is in the way. */
  readonly limitedUntil: number | null;
}

/** Claims for every consumer that has room, those of the highest priority first. Paused queues are passed over. */
export function claimForAll(
  transaction: Transaction,
  consumers: readonly QueueConsumer[],
  worker: string,
  now: number,
): Claim[] {
  const rows = queueRows(transaction.database);
  const claims: Claim[] = [];
  for (const consumer of consumers) {
    const demand = consumer.hungry ? consumer.demand() : 0;
    if (demand <= 0) continue;
    const row = rows.get(consumer.queue);
    const claim =
      row?.paused_at != null ? nothing(consumer) : claimFor(transaction, consumer, demand, worker, now, row);
    // Noted here and not when the result arrives: what is enqueued in between makes it hungry again.
    if (claim.tasks.length < demand) consumer.hungry = false;
    claims.push(claim);
  }
  return claims;
}

function nothing(consumer: QueueConsumer): Claim {
  return { consumer, tasks: [], limitedUntil: null };
}

function claimFor(
  transaction: Transaction,
  consumer: QueueConsumer,
  demand: number,
  worker: string,
  now: number,
  row: QueueRow | undefined,
): Claim {
  const limit = consumer.options.rateLimit;
  if (!limit) {
    const tasks = claimTasks(transaction, consumer.queue, demand, worker, now);
    return { consumer, tasks, limitedUntil: null };
  }
  // A window that began in the future was written before the clock was set back.
  const open = row !== undefined && now >= row.rate_started_at && now < row.rate_started_at + limit.per;
  const startedAt = open ? row.rate_started_at : now;
  const used = open ? row.rate_count : 0;
  const most = Math.min(demand, Math.max(0, limit.max - used));
  const tasks = most > 0 ? claimTasks(transaction, consumer.queue, most, worker, now) : [];
  if (tasks.length > 0) setRate(transaction, consumer.queue, startedAt, used + tasks.length);
  const exhausted = used + tasks.length >= limit.max;
  return { consumer, tasks, limitedUntil: exhausted ? startedAt + limit.per : null };
}
