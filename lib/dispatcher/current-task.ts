import { AsyncLocalStorage } from 'node:async_hooks';

interface Running {
  /** Of the store that the task lives in. */
  readonly dispatcher: object;
  readonly taskId: string;
}

const storage = new AsyncLocalStorage<Running>();

/** Calls `handle`, so that whatever it calls in turn, however deep, enqueues as the task that runs. */
export function runAsTask<T>(dispatcher: object, taskId: string, handle: () => T): T {
  return storage.run({ dispatcher, taskId }, handle);
}

/** Id of the task whose handler is calling, in the store of `dispatcher`; null where none of that store's is. */
export function currentTaskId(dispatcher: object): string | null {
  const running = storage.getStore();
  return running?.dispatcher === dispatcher ? running.taskId : null;
}
