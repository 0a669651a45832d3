import { type EnqueuedTask, InvalidArgumentError } from '../contract/index.js';
import { runningStep } from '../context/index.js';
import type { TaskEngine } from '../engine/port/index.js';
import type { CallOptions } from './call-options.js';
import type { FollowUps } from './follow-ups.js';
import { asStored, type ReadyTask } from './store-tasks.js';

/** @throws InvalidArgumentError where tasks cannot be stored with the completion of the one whose handler is calling */
export function checkCompletion(
  { with: withEnd, manager }: Pick<CallOptions, 'with' | 'manager'>,
  followUps: FollowUps | null,
  { kind, capabilities }: Pick<TaskEngine, 'kind' | 'capabilities'>,
): void {
  if (withEnd === undefined) return;
  const problem = (message: string): InvalidArgumentError => new InvalidArgumentError('with', message);
  if (!followUps) {
    throw problem(
      'with: "completion" is that of the task whose handler calls, and no handler of this store does: leave it out.',
    );
  }
  const step = runningStep();
  if (step !== null) {
    throw problem(
      `Step "${step}" is recorded and not run again, so that a later attempt would complete without the task: enqueue it ` +
        'after the step, or with key in place of with.',
    );
  }
  if (manager)
    throw problem('A task is stored with the completion of another or in the transaction of "manager", not both.');
  if (capabilities.storesWithCompletion) return;
  throw problem(
    `The engine "${kind}" cannot store a task by the commit that ends an attempt. Give key instead of with, by which a retry ` +
      'does not enqueue the task again.',
  );
}

/** Leaves tasks to the completion of the attempt. Returns each as it will stand in the store then, if nothing has its id. */
export function storeWithCompletion(ready: readonly ReadyTask[], followUps: FollowUps): EnqueuedTask[] {
  const waits = followUps.wait(ready.map(({ task }) => task));
  return ready.map((each, index) => ({ ...asStored(each), enqueued: waits[index]! }));
}
