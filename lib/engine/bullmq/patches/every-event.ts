import type { EventEmitter } from 'node:events';
import type { QueueEvents } from 'bullmq';

/** Tells of every event, whatever its name; of errors BullMQ tells by itself. */
export function hearEveryEvent(events: QueueEvents, onEvent: (event: string, details: unknown) => void): void {
  const emitter = events as unknown as EventEmitter;
  const emit = emitter.emit.bind(emitter);
  emitter.emit = (event: string | symbol, ...details: unknown[]) => {
    if (event !== 'error') onEvent(String(event), details[0]);
    return emit(event, ...details);
  };
}
