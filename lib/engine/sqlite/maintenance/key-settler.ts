import { turn } from '../../../clock/index.js';
import { messageOf } from '../../../contract/index.js';
import type { EngineContext } from '../../port/index.js';
import { declaredFlows, queuesOfGoneKeyLimits } from '../sql/flow-rows.js';
import { nextKey } from '../sql/key-rows.js';
import { declareFlow, unparkKeys } from '../sql/set-flow.js';
import type { Connection } from '../store/connection.js';
import type { Writer } from '../store/writer.js';

/** Keys of which slots are given out, or taken, by one transaction; claims and enqueues of others come between. */
const BATCH = 20;
/** Tasks that one transaction lets into the line again. */
const UNPARKED = 500;

/**
 * Goes through the keys of a queue whose limits have changed. A process that dies meanwhile leaves no key idle: those that have
 * held tasks have at least one that is ready or runs, and its end gives out what is free then.
 */
export class KeySettler {
  private round: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly context: Pick<EngineContext, 'flows' | 'logger'>,
    private readonly connection: Connection,
    private readonly writer: Writer,
  ) {}

  /** Stores what the configuration says where it says something else than before. */
  async open(): Promise<void> {
    const declared = await this.connection.read(declaredFlows);
    const changed = [...(this.context.flows ?? [])]
      .map(([queue, flow]) => [queue, flow && JSON.stringify(flow)] as const)
      .filter(([queue, flow]) => flow !== (declared.get(queue) ?? null));
    if (changed.length > 0) {
      await this.writer.write((transaction) => {
        for (const [queue, flow] of changed) declareFlow(transaction, queue, flow);
      });
    }
    // A process that took a limit away may have died before it let go all that waited for it.
    const left = await this.connection.read(queuesOfGoneKeyLimits);
    for (const queue of new Set([...changed.map(([name]) => name), ...left])) {
      this.settle(queue).catch((error: unknown) => {
        this.context.logger.error(`Giving out the slots of queue "${queue}": ${messageOf(error)}`);
      });
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.round;
  }

  /** Resolves once each key of the queue has as many ready tasks as it may have, and none waits for a limit that is gone. */
  settle(queue: string): Promise<void> {
    const settling = this.round.then(async () => {
      while (!this.stopped && (await this.writer.write((each) => unparkKeys(each, queue, UNPARKED))) === UNPARKED)
        await turn();
      await this.walk(queue, 'available');
      // More of a key may become ready, or be held again, than one transaction does.
      while (await this.walk(queue, 'held')) continue;
    });
    this.round = settling.catch(() => undefined);
    return settling;
  }

  /** Goes through the keys that have a task in `state`; resolves to whether any task of theirs changed. */
  private async walk(queue: string, state: 'available' | 'held'): Promise<boolean> {
    let hasChanged = false;
    for (let after: string | null = ''; after !== null && !this.stopped; await turn()) {
      const from: string = after;
      const { last, changed } = await this.writer.write((transaction) => {
        const { database } = transaction;
        const keys: string[] = [];
        for (let key = nextKey(database, queue, from, [state]); key !== null && keys.length < BATCH;) {
          keys.push(key);
          key = nextKey(database, queue, key, [state]);
        }
        for (const key of keys) transaction.keys.freed(queue, key);
        return { last: keys.at(-1) ?? null, changed: transaction.keys.settle(transaction) };
      });
      hasChanged ||= changed > 0;
      after = last;
    }
    return hasChanged;
  }
}
