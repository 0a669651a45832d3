import { tracingChannel } from 'node:diagnostics_channel';
import type { CarriedContext } from '../contract/index.js';

/** What subscribers of the channel `nestjs-tasks:enqueue` are told, the same object from `start` to `asyncEnd`. */
export interface EnqueueMessage {
  /** Name of the store. */
  readonly store: string;
  readonly queue: string;
  /** One call may enqueue many. */
  readonly tasks: ReadonlyArray<{ readonly id: string; readonly name: string; readonly context?: CarriedContext }>;
  /**
   * Empty. What a subscriber of `start` puts here, such as `traceparent`, each of the tasks carries, and its attempts find it in
   * their `task.context`: texts alone, a few hundred bytes.
   */
  readonly carrier: Record<string, string>;
  /** Why nothing was stored; from `error` on. */
  error?: unknown;
}

const traced = tracingChannel<unknown, EnqueueMessage>('nestjs-tasks:enqueue');

/** Tells whether anybody listens: else nothing is made to be told. */
export const enqueueChannel: { readonly hasSubscribers: boolean } = traced;

/** Tells of tasks that are stored. @param store is called once subscribers of `start` have filled the carrier */
export function traceEnqueue<Result>(message: EnqueueMessage, store: () => Promise<Result>): Promise<Result> {
  return traced.tracePromise(store, message);
}
