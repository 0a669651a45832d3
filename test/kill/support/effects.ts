import type { Ledger } from './ledger.js';

/** Steps of orders that had no effect, or effects under more than one key. */
export function wrongEffects(ledger: Ledger, orders: readonly string[]): string[] {
  const keys = new Map<string, Set<string>>();
  for (const event of ledger.read()) {
    if (event.event !== 'effect') continue;
    const step = `${event.task} ${event.step}`;
    keys.set(step, (keys.get(step) ?? new Set()).add(event.key));
  }
  const steps = orders.flatMap((id) => [`${id} charge`, `${id} ship`]);
  return steps.filter((step) => keys.get(step)?.size !== 1);
}
