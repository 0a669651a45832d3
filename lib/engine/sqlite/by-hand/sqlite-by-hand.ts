import type { ConsumeOptions, RunTask, HandFedAttempt, ByHand } from '../../port/index.js';
import { availableQueues } from '../sql/available-queues.js';
import { clearTasks } from '../sql/clear-tasks.js';
import type { SqliteStore } from '../sqlite-store.js';
import type { HeldTask } from '../consumer/completer.js';
import { HandFedConsumer } from './hand-fed-consumer.js';

/** A task in hand, and the consumer that has it. */
interface Claimed {
  readonly consumer: HandFedConsumer;
  readonly held: HeldTask;
}

/** Tasks are claimed one after the other, and may run side by side where a handler waits for another task. */
export class SqliteByHand implements ByHand {
  private readonly consumers = new Map<string, Promise<HandFedConsumer>>();
  private claiming: Promise<unknown> = Promise.resolve();

  constructor(private readonly store: SqliteStore) {}

  async runNext(queues: ReadonlyMap<string, ConsumeOptions>, run: RunTask): Promise<HandFedAttempt | null> {
    const claim = this.claiming.then(() => this.claim(queues));
    this.claiming = claim.catch(() => undefined);
    const claimed = await claim;
    if (!claimed) return null;
    const outcome = await claimed.consumer.work(claimed.held, run);
    return { task: claimed.held.task, outcome };
  }

  async settled(): Promise<void> {
    const { ticker, lapser, workflowSettler, workForce } = this.store.opened;
    const duties = [ticker, lapser, workflowSettler, workForce];
    while (duties.some(({ isBusy }) => isBusy)) await Promise.all(duties.map((duty) => duty.rest()));
  }

  async clear(): Promise<void> {
    await this.store.opened.writer.write(clearTasks);
  }

  /** What runs is told so by its signal: whoever closes the store waits for none of it. */
  async abandon(): Promise<void> {
    for (const consumer of await Promise.all(this.consumers.values())) consumer.abandon();
    this.consumers.clear();
  }

  /** From the queue that is served first among those that have a task. */
  private async claim(queues: ReadonlyMap<string, ConsumeOptions>): Promise<Claimed | null> {
    const waiting = await this.store.opened.connection.read(availableQueues);
    const ranked = waiting
      .flatMap((queue) => {
        const options = queues.get(queue);
        return options ? [{ queue, options }] : [];
      })
      .toSorted((left, right) => right.options.priority - left.options.priority);
    for (const { queue, options } of ranked) {
      const consumer = await this.consumerOf(queue, options);
      const held = await consumer.claim();
      if (held) return { consumer, held };
    }
    return null;
  }

  private consumerOf(queue: string, options: ConsumeOptions): Promise<HandFedConsumer> {
    let consumer = this.consumers.get(queue);
    if (!consumer) this.consumers.set(queue, (consumer = this.join(queue, options)));
    return consumer;
  }

  private async join(queue: string, options: ConsumeOptions): Promise<HandFedConsumer> {
    const { ticker, workForce, watch } = this.store.opened;
    ticker.start();
    const { consumer } = await workForce.join(queue, options, (host) => new HandFedConsumer(queue, options, host));
    // Nothing comes by itself that the process would have to stay alive for.
    watch.keepAwake(false);
    return consumer;
  }
}
