import { tracingChannel } from 'node:diagnostics_channel';
import type { AttemptMessage } from './attempt-channel.js';

/** What subscribers of the channel `nestjs-tasks:step` are told, the same object from `start` to `asyncEnd`. */
export interface StepMessage {
  readonly task: { readonly id: string; readonly queue: string; readonly name: string; readonly attempt: number };
  /** Name of the step. One that is on record does not run, and is not told of. */
  readonly step: string;
  readonly kind: 'step' | 'transaction';
  /** What it threw, as it is: it may say what is sensitive. From `error` on. */
  error?: unknown;
  /** As in {@link AttemptMessage}, for what runs in the step. */
  surround?: AttemptMessage['surround'];
}

const traced = tracingChannel<unknown, StepMessage>('nestjs-tasks:step');

/** Whether anybody listens: else nothing is made to be told. */
export function stepsAreTraced(): boolean {
  return traced.hasSubscribers;
}

/** Tells of a step that runs. */
export function traceStep<Result>(message: StepMessage, run: () => Promise<Result>): Promise<Result> {
  return traced.tracePromise(() => (message.surround ? message.surround(run) : run()), message);
}
