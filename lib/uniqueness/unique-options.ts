import type { Duration, OnConflict } from '../contract/index.js';

/**
 * What makes the key: a text, or the params that make it. Tasks of one queue and name share their keys; a key of another
 * queue or name is another key.
 */
export type UniqueKey =
  | {
      /** 1 to 255 characters. */
      key: string;
      by?: undefined;
    }
  | {
      key?: undefined;
      /** Places in the params, such as `params.userId`; their values together make the key. */
      by: readonly string[];
    };

/** Where a key is reckoned anew for each task. */
export type UniqueKeyOf<Params extends object = object> =
  | UniqueKey
  | {
      /** Makes the key from the params as JSON has them; null or undefined: this task has none. */
      key: (params: Params) => string | null | undefined;
      by?: undefined;
    };

export interface UniqueRelease {
  /**
   * What releases the key: `started`: an attempt of the task that holds it begins; `ended`: that task has ended.
   * @default 'ended', or nothing but `for` where that is given
   */
  until?: 'started' | 'ended';
  /** How long the key is held at most, from when it is taken. */
  for?: Duration;
  /**
   * What becomes of a task whose key is held. `keep`: the holder comes back, with `enqueued: false`; `replace`: it takes
   * params, time and settings of the new one, as long as it has not started, and comes back; `reject`: a `DuplicateTaskError`.
   * @default 'keep'
   */
  onConflict?: OnConflict;
}

export interface DebounceTimes {
  /** How long after the last call the task starts. */
  wait: Duration;
  /**
   * How long after the first call it starts at the latest.
   * @default there is no such bound
   */
  max?: Duration;
}

export interface ThrottleTime {
  /** For how long the first call is the only one. */
  every: Duration;
}

export interface CoalesceParts {
  /** How long after the first call the task starts. */
  wait: Duration;
  /** The field of the params whose lists are joined. */
  field: string;
}

/** How tasks that are about the same thing are held to one. At most one of these, and `false` for none at all. */
interface Uniqueness<Key> {
  /** One task at a time holds the key. `false`: no key, whatever the handler says. */
  unique?: (Key & UniqueRelease) | false;
  /** One task for a burst of calls: it starts when they have ceased, with the params of the last. */
  debounce?: (Key & DebounceTimes) | false;
  /** The first call is carried out, and those that follow it too soon are not. */
  throttle?: (Key & ThrottleTime) | false;
  /** One task for a burst of calls, with the lists of all of them. */
  coalesce?: (Key & CoalesceParts) | false;
}

/** For one task, or the runs of one schedule. */
export type UniquenessOptions = Uniqueness<UniqueKey>;

/** For the tasks of a handler. */
export type HandlerUniquenessOptions<Params extends object = object> = Uniqueness<UniqueKeyOf<Params>>;

/** The options, of which at most one is given. */
export const UNIQUENESS_OPTIONS = ['unique', 'debounce', 'throttle', 'coalesce'] as const satisfies ReadonlyArray<
  keyof UniquenessOptions
>;
export type UniquenessOption = (typeof UNIQUENESS_OPTIONS)[number];
