import type { ConsumeOptions, Outcome } from '../../port/index.js';
import type { Claimant } from '../sql/claim-tasks.js';
import type { HeldTask, ReportDesk } from './completer.js';

/** A queue's consumer in this process: its workers may be in another thread. */
export interface PoolConsumer extends Claimant {
  readonly options: ConsumeOptions;
  /** Whether tasks are at hand that have not begun. */
  readonly holdsAhead: boolean;
  /** Workers that it has now. */
  readonly size: number;
  /** Has so many workers from now on; what runs is not interrupted. */
  resize(size: number): void;
  deliver(tasks: readonly HeldTask[]): void;
  /** Nothing begins from now on; what was claimed ahead is handed back. */
  pause(): void;
  /** Every task whose lease this consumer holds. */
  held(): Iterable<HeldTask>;
}

/** The engine around a consumer, as far as the consumer needs it. */
export interface ConsumerHost extends ReportDesk {
  /** How long after its claim a task may still begin without another look at its lease, in milliseconds. */
  readonly trustedFor: number;
  /** How many tasks may be claimed ahead of a queue's free workers, however short they are. */
  readonly maxPrefetched: number;
  /** Notes, for others to read, that an attempt begins. */
  begin(running: HeldTask): void;
  /** Asks for a claim: there is room, and there may be work. */
  fetch(): void;
  /** Settles when the claim that is under way, if any, has delivered. */
  fetched(): Promise<void>;
  /** Stores how an attempt ended; calls `onStored` when that is durable or the lease was found lost. */
  settle(running: HeldTask, outcome: Outcome, onStored: () => void): void;
  forget(consumer: PoolConsumer): void;
}
