import {
  type Caller,
  type CarriedContext,
  type FailureTarget,
  InvalidArgumentError,
  type TaskTags,
  type TaskTraits,
} from '../contract/index.js';
import type { RegisteredHandler } from '../handlers/index.js';
import type { LifeSpan } from './life-span.js';

/** The part of a call's options that becomes traits of its tasks. */
export interface GivenTraits {
  readonly version?: number | undefined;
  /** The times by which they must have started and ended; null where there are none. */
  readonly span: LifeSpan | null;
  readonly tags: TaskTags | undefined;
  readonly context: CarriedContext | undefined;
  /** The step that calls the task. */
  readonly caller?: Caller | undefined;
}

/**
 * What a task has beside the usual; nothing for most.
 *
 * @param key whose slots it shares
 */
export function traitsOf(
  { version: given, tags, span, context, caller }: GivenTraits,
  handler: RegisteredHandler | undefined,
  key: string | undefined,
  onFailed: FailureTarget | undefined,
): { readonly traits?: TaskTraits } {
  const version = handler?.version ?? given ?? 1;
  const traits: TaskTraits = {
    ...(version > 1 && { version }),
    ...(tags && { tags }),
    ...(key !== undefined && { key }),
    ...span,
    ...(context && { context }),
    ...(onFailed && { onFailed }),
    ...(caller && { caller }),
  };
  return Object.keys(traits).length > 0 ? { traits } : {};
}

/** @throws InvalidArgumentError where a version was given that is not the handler's */
export function checkGivenVersion(
  name: string,
  handler: RegisteredHandler | undefined,
  given: number | undefined,
): void {
  if (given === undefined || !handler) return;
  const { version = 1 } = handler;
  if (given === version) return;
  throw new InvalidArgumentError(
    'version',
    `The handler of task "${name}" takes params of version ${version}, not ${given}: leave "version" out here.`,
  );
}
