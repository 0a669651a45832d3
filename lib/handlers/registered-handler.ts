import type { OnFailed, TaskSettingsOptions } from '../config/index.js';
import type { TaskKey } from '../contract/index.js';
import type { ParamsType } from '../params/index.js';
import type { UniqueRule } from '../uniqueness/index.js';

/**
 * By the version that the params have: a function that returns those of the next version. It gets the plain JSON that is
 * stored, returns a plain object at once, and may change what it got.
 */
// Params of an earlier version have no type any more.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type ParamsUpgrades = Readonly<Record<number, (params: any) => object>>;

/** How the results of a handler are kept. */
export interface KeptResult {
  /** In milliseconds; null: as long as the task. */
  readonly keepFor: number | null;
}

/** A handler that was found in the app, ready to be called. */
export interface RegisteredHandler {
  /** Name of the tasks that it handles. */
  readonly name: string;
  /** Names that its tasks had before, of which some may still be stored. */
  readonly aliases?: readonly string[];
  /** The thing that carries the decorator: a class with `handle`, a method, or a cron method. */
  readonly kind: 'class' | 'method' | 'cron';
  /** Class and method as messages name them: `SendEmailHandler.handle`. */
  readonly location: string;
  /** Nest module that provides it, for messages. */
  readonly module?: string;
  /** Queue that its tasks are usually put on; null where the handler names none. */
  readonly queue: string | null;
  readonly params: ParamsType | null;
  /** Version of the params that it takes. @default 1 */
  readonly version?: number;
  /** What brings params of a version up to the next one. */
  readonly upgrade?: ParamsUpgrades;
  readonly settings: TaskSettingsOptions;
  /** Of the unique keys of its tasks; null, or absent: they have none. */
  readonly unique?: UniqueRule | null;
  /** Name of the limit that counts its tasks' starts; null, or absent: none does. */
  readonly limit?: string | null;
  /** Whose slots its tasks share; absent where it does not say. */
  readonly key?: TaskKey;
  /** The task to enqueue when one of its tasks fails for good; absent where it does not say. */
  readonly onFailed?: OnFailed | undefined;
  /** Null, or absent: what it returns is not kept. */
  readonly result?: KeptResult | null;
  /**
   * Runs it on its provider's instance, or on one made for this call where the provider is request-scoped or transient.
   * The context is handed on as it is, see `TaskContext`. Returns what the handler returns, a promise where that is one or the instance is still to be made.
   */
  call(params: object, context: object): unknown;
}
