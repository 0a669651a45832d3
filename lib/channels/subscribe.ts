import { channel } from 'node:diagnostics_channel';
import type { AttemptMessage } from './attempt-channel.js';
import type { EnqueueMessage } from './enqueue-channel.js';

/** Names of the tracing channels, see `diagnostics_channel.tracingChannel`: each is five channels, `tracing:<name>:start` and so on. */
export const ENQUEUE_CHANNEL = 'nestjs-tasks:enqueue';
export const ATTEMPT_CHANNEL = 'nestjs-tasks:attempt';

/** @returns what ends it */
export function onEnqueues(stored: (message: EnqueueMessage) => void): () => void {
  return subscribe(ENQUEUE_CHANNEL, 'asyncEnd', stored);
}

/** @returns what ends it */
export function onAttempts(
  begun: (message: AttemptMessage) => void,
  ended: (message: AttemptMessage) => void,
): () => void {
  const ends = [subscribe(ATTEMPT_CHANNEL, 'start', begun), subscribe(ATTEMPT_CHANNEL, 'asyncEnd', ended)];
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
