import { channel } from 'node:diagnostics_channel';
import type { AttemptMessage } from './attempt-channel.js';
import type { StepMessage } from './step-channel.js';
import type { EnqueueMessage } from './enqueue-channel.js';

/** Names of the tracing channels, see `diagnostics_channel.tracingChannel`: each is five channels, `tracing:<name>:start` and so on. */
export const ENQUEUE_CHANNEL = 'nestjs-tasks:enqueue';
export const ATTEMPT_CHANNEL = 'nestjs-tasks:attempt';
export const STEP_CHANNEL = 'nestjs-tasks:step';

interface Listener<Message> {
  start?(message: Message): void;
  /** It has ended, well or not. */
  end(message: Message): void;
}

/** @returns what ends it */
export function listenToEnqueues(listener: Listener<EnqueueMessage>): () => void {
  return listenTo(ENQUEUE_CHANNEL, listener);
}

/** @returns what ends it */
export function listenToAttempts(listener: Listener<AttemptMessage>): () => void {
  return listenTo(ATTEMPT_CHANNEL, listener);
}

/** @returns what ends it */
export function listenToSteps(listener: Listener<StepMessage>): () => void {
  return listenTo(STEP_CHANNEL, listener);
}

function listenTo<Message>(name: string, listener: Listener<Message>): () => void {
  const ends = [
    ...(listener.start ? [subscribe(name, 'start', (message: Message) => listener.start!(message))] : []),
    subscribe(name, 'asyncEnd', (message: Message) => listener.end(message)),
  ];
  return () => ends.forEach((end) => end());
}

function subscribe<Message>(name: string, event: string, listener: (message: Message) => void): () => void {
  const listen = (message: unknown): void => listener(message as Message);
  const one = channel(`tracing:${name}:${event}`);
  one.subscribe(listen);
  return () => {
    one.unsubscribe(listen);
  };
}
