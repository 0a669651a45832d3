import { createHash } from 'node:crypto';
import type { TaskSummary } from '../contract/index.js';

/** Tag of the tasks that tell of one rule and queue, by which the last of them is found. */
export const ALERT_TAG = 'alert';

/**
 * What stores and processes know alike of a rule and a queue: the tasks that told of it, each with the number after the one
 * before in its id. Of several processes that notice the same, one has its task stored; the others find it by that id.
 *
 *     none ──> 1: raised ──> 2: cleared ──> 3: raised ──> …
 */
export class AlertChain {
  /** Identifies rule and queue. */
  readonly key: string;
  /** Null before the store was asked. */
  private last: { readonly number: number; readonly raised: boolean } | null = null;

  constructor(rule: string, queue: string) {
    this.key = createHash('sha256')
      .update(JSON.stringify([rule, queue]))
      .digest('hex')
      .slice(0, 16);
  }

  get isKnown(): boolean {
    return this.last !== null;
  }

  get isRaised(): boolean {
    return this.last?.raised ?? false;
  }

  /** Id of the task that tells what comes next. */
  get nextId(): string {
    return `alert/${this.key}/${(this.last?.number ?? 0) + 1}`;
  }

  /** @param task the last one that told of it; null where there is none (any more) */
  learn(task: Pick<TaskSummary, 'id' | 'params'> | null): void {
    const number = Number(task?.id.split('/').at(-1) ?? 0);
    const { state } = (task?.params ?? {}) as { readonly state?: unknown };
    this.last = { number, raised: state === 'raised' };
  }
}
