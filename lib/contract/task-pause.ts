import type { TaskTags } from './task-traits.js';

/** The tasks that a pause is about: those of a queue, of a key in a queue, of a name, or with these tags. */
export type PauseSelector =
  | { readonly queue: string; readonly key?: undefined; readonly name?: undefined; readonly tag?: undefined }
  | { readonly queue: string; readonly key: string; readonly name?: undefined; readonly tag?: undefined }
  | { readonly name: string; readonly queue?: undefined; readonly key?: undefined; readonly tag?: undefined }
  | { readonly tag: TaskTags; readonly queue?: undefined; readonly key?: undefined; readonly name?: undefined };

/** A pause that stands. */
export interface TaskPause {
  readonly selector: PauseSelector;
  /** In UTC milliseconds. */
  readonly pausedAt: number;
  /** Tasks that it keeps from running, as far as a worker would have taken them by now; of a queue: all that are available. */
  readonly waiting: number;
}

/** A rate limit as it stands. */
export interface LimitStatus {
  /** Of the option `limits`, or the queue's. */
  readonly name: string;
  /** Whether it is a queue's own, or one that queues share. */
  readonly kind: 'queue' | 'shared';
  /** Most starts in a span. */
  readonly max: number;
  /** Milliseconds of the span. */
  readonly per: number;
  /** Starts that count now, with the places that are lent to attempts about to start. */
  readonly used: number;
  /** Until when nothing starts, as a handler was told to wait; null: it was not. */
  readonly closedUntil: number | null;
  /** Tasks that wait for a place, as far as a worker would have taken them by now; 0 for a queue's own. */
  readonly waiting: number;
}
