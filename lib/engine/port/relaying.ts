import type { OutboxDepth } from '../../contract/index.js';

/** The outbox in the app's own database, from which committed tasks are relayed to the store. */
export interface Relaying {
  /** Tasks that wait to be handed over, by queue. */
  depths(): Promise<readonly OutboxDepth[]>;
}
