import { IsString } from 'class-validator';
import { Column, Entity, type EntityManager, PrimaryColumn } from 'typeorm';
import { type TaskContext, TaskHandler } from 'nestjs-tasks';

/** A payment service that has not answered by then is asked again, by the next attempt. */
const PATIENCE_MS = 300;
const SOLD_OUT = 'unicorn';

export class OrderParams {
  @IsString() id!: string;
  @IsString() product!: string;
}

@Entity()
export class Booking {
  @PrimaryColumn('text') order!: string;
  @Column('text') charge!: string;
  @Column('text') state!: 'booked' | 'shipped' | 'refunded';
}

/**
 *     charge ──> book ──> wait for a person ──approved──> ship ──> done
 *                                │                          └──sold out──> refund
 *                                └──rejected, or silent for a week──> refund
 *
 * It is called again from its first line after each failure, each restart, and when the person has decided: what is on
 * record is not done again.
 */
@TaskHandler('order', { params: OrderParams, queue: 'orders', maxRetries: 20, retryDelay: '100ms' })
export class OrderHandler {
  async handle(order: OrderParams, task: TaskContext): Promise<string> {
    const charge = await task.step('charge', ({ key, signal }) => pay('charge', order, key, signal));
    await task.transaction('book', async (manager) => {
      await manager.insert(Booking, { order: order.id, charge: charge.id, state: 'booked' });
    });
    const [decision] = await task.waitForAny(['approved', 'rejected'], { timeout: '7d' });
    // What cannot be done is a result of the step: an error would be tried again.
    const isShipped = decision === 'approved' && (await task.step('ship', () => order.product !== SOLD_OUT));
    if (!isShipped) await task.step('refund', ({ key, signal }) => pay('refund', order, key, signal));
    const state = isShipped ? 'shipped' : 'refunded';
    await task.transaction('note', (manager) => setState(manager, order, state));
    return state;
  }
}

async function setState(manager: EntityManager, { id }: OrderParams, state: Booking['state']): Promise<void> {
  await manager.update(Booking, { order: id }, { state });
}

/** The key is the same in every attempt: whoever is charged twice is charged once. */
async function pay(
  kind: 'charge' | 'refund',
  { id }: OrderParams,
  key: string,
  signal: AbortSignal,
): Promise<{ id: string }> {
  const response = await fetch(process.env.PAYMENTS_URL ?? 'http://127.0.0.1:4000', {
    method: 'POST',
    headers: { 'idempotency-key': key },
    body: JSON.stringify({ kind, order: id }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
  });
  return (await response.json()) as { id: string };
}
