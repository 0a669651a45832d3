import type { EntityManager } from 'typeorm';
import type { Task } from '../../contract/index.js';
import type { NewTask } from './new-task.js';

/**
 * The answer for a task that was handed over. `existing`: one of its id was there already, and is left as it is; `holder`: the
 * id of the one that holds its key, which may have taken what it brings.
 */
export type EnqueueAnswer = 'stored' | 'existing' | { readonly holder: string };

/** How new tasks come into the store. */
export interface Enqueueing {
  /**
   * Stores tasks, all or none, save those whose id is there already: in the store (or the queue, as
   * {@link EngineCapabilities.uniqueIds} says), or earlier in `tasks`. A caller who does not know whether a first call was
   * lost may hand the same tasks over again.
   *
   * Resolves to what became of each, in the order of `tasks`. Two calls at once that hand over one id are answered
   * `stored` once. An engine looks only where {@link NewTask.mayExist} says so; an outbox looks at what waits in it, and
   * not at the store.
   * One that has a claim ({@link TaskTraits.unique}) is stored where nobody holds its key, and holds it from then on. Of two
   * calls at once, and of two tasks of one call, one does. An engine without
   * {@link EngineCapabilities.uniqueKeys} is given none.
   * @param within the caller's transaction, in which the tasks are stored: they become visible when it commits.
   * @throws DuplicateTaskError where a claim says so of a key that is held: nothing is stored then
   * @throws ForeignManagerError when `within` belongs to another database
   */
  enqueue(tasks: readonly NewTask[], within?: EntityManager): Promise<readonly EnqueueAnswer[]>;

  /**
   * The tasks that have the ids of `tasks` already, for a caller who was told so: one for each, null where it is gone by now.
   * @param within as in {@link enqueue}: what its transaction has stored is there for it, too
   */
  existing(
    tasks: ReadonlyArray<Pick<NewTask, 'id' | 'queue'>>,
    within?: EntityManager,
  ): Promise<ReadonlyArray<Task | null>>;

  /**
   * Notes, for the processes that do not know the handlers, which params of which tasks are never shown.
   * @param paths by the task's name, as in {@link NewTask.sensitive}; an empty list takes a note back
   */
  noteSensitive(paths: ReadonlyMap<string, readonly string[]>): Promise<void>;
}
