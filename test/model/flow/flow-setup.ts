import fc from 'fast-check';
import type { PauseSelector, QueueFlow } from '../../../lib/contract/index.js';
import { MINUTE } from '../../conformance/harness.js';

/** Its tasks have keys. */
export const IMPORTS = 'imports';
/** Its tasks have none, and a rate limit in all. */
export const MAIL = 'mail';
export const FLOW_QUEUES = [IMPORTS, MAIL] as const;
export type FlowQueue = (typeof FLOW_QUEUES)[number];

/** Its tasks count in the limit that both queues share. */
export const CHARGE = 'charge';
export const NAMES = [CHARGE, 'tell'] as const;
export const KEYS = ['a', 'b'] as const;

/** Of every rate limit. */
export const SPAN_MS = 3 * MINUTE;
export const SHARED_LIMIT = 'api';
/** Workers of a consumer. */
export const WORKERS = 2;

/** What the options of a history's processes limit. Null: nothing does. */
export interface FlowSetup {
  readonly slots: number;
  readonly fair: boolean;
  readonly inAll: number | null;
  /** Starts in a span: of each key, of the queue of mail, of the limit that is shared. */
  readonly keyRate: number | null;
  readonly mailRate: number;
  readonly sharedRate: number | null;
}

export const flowSetup: fc.Arbitrary<FlowSetup> = fc.record({
  slots: fc.integer({ min: 1, max: 2 }),
  fair: fc.boolean(),
  inAll: fc.option(fc.integer({ min: 1, max: 3 })),
  keyRate: fc.option(fc.integer({ min: 1, max: 3 })),
  mailRate: fc.integer({ min: 1, max: 3 }),
  sharedRate: fc.option(fc.integer({ min: 1, max: 3 })),
});

export function flowOf({ slots, fair, inAll, keyRate }: FlowSetup): QueueFlow {
  return {
    keyConcurrency: slots,
    ...(fair && { fair: true as const }),
    ...(inAll !== null && { globalConcurrency: inAll }),
    ...(keyRate !== null && { keyRateLimit: { max: keyRate, per: SPAN_MS } }),
  };
}

/** Whether a process may fetch tasks ahead of its free workers, so that one counts as running that has not begun. */
export function fetchesAhead({ fair, inAll, keyRate, sharedRate }: FlowSetup): boolean {
  return !fair && inAll === null && keyRate === null && sharedRate === null;
}

export const SELECTORS: readonly PauseSelector[] = [
  { queue: IMPORTS },
  { queue: MAIL },
  { queue: IMPORTS, key: 'a' },
  { name: CHARGE },
  { tag: { customer: '42' } },
];
