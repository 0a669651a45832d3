import type { Outcome } from '../../port/index.js';
import type { HeldTask } from '../consumer/completer.js';
import type { Channel } from './channel.js';
import type { ToThread } from './messages.js';

/** Attempts that have completed, on their way to the thread as one list. */
interface Completed {
  readonly channel: Channel<ToThread>;
  readonly maxAttempts: number | null;
  readonly keepFor: number | null;
  readonly ends: number[];
}

/**
 * Tells the thread how attempts of one consumer ended. Nearly all have completed, and alike: of them only the keys and
 * times are sent, in one list for a turn of the event loop. That costs both threads a quarter of a message for each.
 */
export class EndSender {
  private open: Completed | null = null;

  constructor(private readonly consumer: number) {}

  send(
    channel: Channel<ToThread>,
    key: number,
    outcome: Outcome,
    { startedAt, endedAt }: Pick<HeldTask, 'startedAt' | 'endedAt'>,
  ): void {
    if (outcome.kind !== 'completed' || outcome.result || outcome.followUps || startedAt === null || endedAt === null) {
      channel.send(['settle', this.consumer, key, outcome, startedAt, endedAt]);
      return;
    }
    const { maxAttempts, keepFor } = outcome;
    let { open } = this;
    if (open?.channel !== channel || open.maxAttempts !== maxAttempts || open.keepFor !== keepFor) {
      open = this.begin({ channel, maxAttempts, keepFor, ends: [] });
    }
    open.ends.push(key, startedAt, endedAt);
  }

  /** Whatever is sent now arrives before the ends that follow. */
  keepOrder(): void {
    this.open = null;
  }

  private begin(list: Completed): Completed {
    this.open = list;
    list.channel.send(() => {
      if (this.open === list) this.open = null;
      return ['completed', this.consumer, list.maxAttempts, list.keepFor, list.ends];
    });
    return list;
  }
}
