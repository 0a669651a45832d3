import { tracingChannel } from 'node:diagnostics_channel';
import type { CarriedContext, TaskError } from '../contract/index.js';

/** A task that is attempted. */
export interface AttemptedTask {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  /** Number of the attempt, 1 for the first. */
  readonly attempt: number;
  /** When it was enqueued, and when it was due, in UTC milliseconds. */
  readonly createdAt: number;
  readonly runAt: number;
  /** What it carries; absent where that is nothing. */
  readonly context?: CarriedContext;
}

/** What subscribers of the channel `nestjs-tasks:attempt` are told, the same object from `start` to `asyncEnd`. */
export interface AttemptMessage {
  /** Name of the store. */
  readonly store: string;
  readonly task: AttemptedTask;
  /**
   * How it ended, from `asyncEnd` on: `completed`, `failed`, `retried`, `snoozed` (to run again, and not counted), `cancelled`,
   * `released` (handed back, as the process shuts down or the lease was lost) or `declined` (left to a process that knows its
   * name).
   */
  outcome?: string;
  /** What it ended with, as it is stored; from `asyncEnd` on, absent where there is none. It says nothing that is sensitive. */
  taskError?: TaskError;
  /**
   * What a subscriber of `start` puts here is called with the attempt, and returns what that does: so that a tracer makes its
   * span the active one. One that finds another there calls it within its own.
   */
  surround?: <Result>(attempt: () => Result) => Result;
}

const traced = tracingChannel<unknown, AttemptMessage>('nestjs-tasks:attempt');

/** Tells whether anybody listens: else nothing is made to be told. */
export const attemptChannel: { readonly hasSubscribers: boolean } = traced;

/**
 * Tells of an attempt as `traced.tracePromise` would, with one promise of its own and not three: each costs every task time,
 * and more where a tracer keeps a context in it.
 *
 * @param note writes into the message how the attempt ended
 */
export function traceAttempt<Result>(
  message: AttemptMessage,
  attempt: () => Promise<Result>,
  note: (message: AttemptMessage, result: Result) => void,
): Promise<Result> {
  return traced.start.runStores(message, begin<Result>, undefined, message, attempt, note);
}

function begin<Result>(
  message: AttemptMessage,
  attempt: () => Promise<Result>,
  note: (message: AttemptMessage, result: Result) => void,
): Promise<Result> {
  try {
    const running = message.surround ? message.surround(attempt) : attempt();
    return running.then(
      (result) => {
        note(message, result);
        tellEnd(message);
        return result;
      },
      (thrown: unknown) => {
        tellError(message, thrown);
        tellEnd(message);
        throw thrown;
      },
    );
  } catch (thrown) {
    tellError(message, thrown);
    throw thrown;
  } finally {
    traced.end.publish(message);
  }
}

function tellError(message: AttemptMessage, thrown: unknown): void {
  traced.error.publish(Object.assign(message, { error: thrown }));
}

function tellEnd(message: AttemptMessage): void {
  traced.asyncStart.publish(message);
  traced.asyncEnd.publish(message);
}
