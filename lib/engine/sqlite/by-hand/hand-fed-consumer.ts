import { abort } from '../../common/index.js';
import type { ConsumeOptions, Outcome, RunTask } from '../../port/index.js';
import type { HeldTask } from '../consumer/completer.js';
import type { ConsumerHost, PoolConsumer } from '../consumer/pool-consumer.js';

/**
 * A queue's consumer that takes a task only when it is asked to.
 *
 *     nothing wanted ──claim()──> wanted ──a task was claimed, or there is none──> nothing wanted
 */
export class HandFedConsumer implements PoolConsumer {
  hungry = false;
  claimsAhead = true;
  paused = false;
  readonly holdsAhead = false;
  size: number;
  private wanted = false;
  private claimed: HeldTask | null = null;
  private readonly atHand = new Set<HeldTask>();

  constructor(
    readonly queue: string,
    readonly options: ConsumeOptions,
    private readonly host: ConsumerHost,
  ) {
    this.size = options.concurrency;
  }

  demand(): number {
    return this.wanted ? 1 : 0;
  }

  get room(): number {
    return this.demand();
  }

  deliver(tasks: readonly HeldTask[]): void {
    this.wanted = false;
    this.claimed = tasks[0]!;
    this.atHand.add(this.claimed);
  }

  /** It takes one when it is asked to, however many may be taken. */
  resize(size: number): void {
    this.size = size;
  }

  pause(): void {
    this.paused = true;
  }

  held(): Iterable<HeldTask> {
    return this.atHand;
  }

  /** Resolves to the next task, or to null where none may be taken. One call at a time. */
  async claim(): Promise<HeldTask | null> {
    this.wanted = true;
    this.hungry = true;
    // A claim that was under way before may have passed this queue over.
    while (this.wanted && this.hungry) {
      this.host.fetch();
      await this.host.fetched();
    }
    this.wanted = false;
    const { claimed } = this;
    this.claimed = null;
    return claimed;
  }

  /** Resolves when the outcome of a task that was claimed is stored. */
  async work(held: HeldTask, run: RunTask): Promise<Outcome> {
    held.startedAt = this.host.now();
    this.host.begin(held);
    const outcome = await run(held);
    held.endedAt = this.host.now();
    if (this.atHand.delete(held)) await new Promise<void>((stored) => this.host.settle(held, outcome, stored));
    return outcome;
  }

  /** Nobody waits for what runs any more. */
  abandon(): void {
    for (const held of this.atHand) abort(held, 'shutdown', 'The process shuts down.');
    this.host.forget(this);
  }
}
