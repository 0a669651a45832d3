import { signal } from '@preact/signals';
import type { EngineInfo } from '../api-types.js';
import { api } from '../api.js';
import { queues } from './live.js';

const { readOnly, store } = document.documentElement.dataset;

export const isReadOnly = readOnly === 'true';
export const storeName = store ?? 'default';
/** Null until it answered. */
export const engine = signal<EngineInfo | null>(null);

export function readEngine(): void {
  api.engine().then(
    (info) => (engine.value = info),
    // Without it, what the engine cannot answer is not said.
    () => undefined,
  );
}

/** Whether the queue belongs to another program. */
export function isForeign(queue: string): boolean {
  return queues.value?.some((stats) => stats.queue === queue && stats.foreign) ?? false;
}

export function mayChange(queue: string): boolean {
  return !isReadOnly && !isForeign(queue);
}
