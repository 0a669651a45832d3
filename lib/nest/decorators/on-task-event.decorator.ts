import 'reflect-metadata';
import {
  listOf,
  TASK_EVENT_KINDS,
  TASK_EVENT_METADATA,
  type TaskEvent,
  type TaskEventKind,
  TasksConfigError,
} from '../../contract/index.js';
import { shownValue } from '../../checks/index.js';
import { refuseNoOptions } from '../options-object.js';
import { decoratedMethod, notedOn, noteOn } from './decorated-method.js';

/**
 * Of which tasks a listener is told.
 *
 * @publicApi
 */
export interface OnTaskEventOptions {
  /**
   * Name of their queue.
   * @default any
   */
  queue?: string;
  /**
   * Their name; that of a handler stands for its aliases too.
   * @default any
   */
  name?: string;
  /**
   * Name of the store (`TasksModule.forRoot({ name })`) that they are kept in.
   * @default 'default', or the only one there is
   */
  store?: string;
}

/** The metadata that {@link OnTaskEvent} leaves on a method, one for each time it stands there. */
export interface OnTaskEventMetadata {
  readonly event: TaskEventKind;
  readonly options: OnTaskEventOptions;
}

/** A method that takes the event, or nothing. */
type OnTaskEventDecorator = <Method extends (event: TaskEvent) => unknown>(
  target: object,
  property: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

/**
 * Calls a method of a provider or controller when this process has done something to a task, and that is stored. What other
 * processes do is told there. What the method throws or rejects with is logged, and changes nothing of the task; where
 * something must follow a failure whatever happens, `onFailed` is the way.
 *
 * - `completed`, `failed` (for good, also where a deadline ended it), `cancelled` (also where it had not started in time);
 * - `retried`: an attempt failed, and another one follows;
 * - `lost`: the process that ran it is gone. Told by the one that noticed; the task runs again, or `failed` follows.
 *
 * @param event what is listened to; for several, the decorator stands several times
 * @throws TasksConfigError for what is no event, and options that are no object. An unknown option, a queue or store that there is not stops the boot.
 *
 * @example
 * \@OnTaskEvent('failed', { queue: 'emails' })
 * tell({ task, error }: TaskEvent) {}
 *
 * @publicApi
 */
export function OnTaskEvent(event: TaskEventKind, options: OnTaskEventOptions = {}): OnTaskEventDecorator {
  return (target, property, descriptor) => {
    const decorated = decoratedMethod('@OnTaskEvent', target, property, descriptor);
    if (!TASK_EVENT_KINDS.includes(event)) {
      throw new TasksConfigError(
        `@OnTaskEvent on ${decorated.where}: ${shownValue(event)} is no event of tasks. They are ${listOf(TASK_EVENT_KINDS)}.`,
      );
    }
    refuseNoOptions(`@OnTaskEvent('${event}') on ${decorated.where}`, options);
    const known = notedOn<OnTaskEventMetadata[]>(TASK_EVENT_METADATA, decorated) ?? [];
    noteOn(TASK_EVENT_METADATA, [...known, { event, options }], decorated);
  };
}
