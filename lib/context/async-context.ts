import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

const NO_DESTROY_HOOK = { requireManualDestroy: true } as const;

/** The asynchronous context in which the library was loaded: that of no request and no task. */
const root = new AsyncResource('nestjs-tasks', NO_DESTROY_HOOK);

interface RunningHandler {
  /** Dispatcher of the store that the task lives in. */
  readonly dispatcher: object;
  /** What its attempt is to know of what it enqueues. */
  readonly attempt: object;
}

const runningHandler = new AsyncLocalStorage<RunningHandler>();

/** A resource for each call: `enterWith` changes the resource that is under way, and so that call alone. */
function own(): AsyncResource {
  return new AsyncResource('nestjs-tasks:callback', NO_DESTROY_HOOK);
}

/**
 * Calls `callback` outside of whatever `AsyncLocalStorage` holds here. A commit, a timer or a claim is set off by some
 * caller, and serves many: what it calls back must not find itself in that caller's request.
 *
 * Each call has a context of its own, so that `enterWith` in one leaves no trace for the next.
 */
export function inCleanContext<Args extends unknown[], Result>(
  callback: (...args: Args) => Result,
  ...args: Args
): Result {
  return root.runInAsyncScope(own).runInAsyncScope(callback, undefined, ...args);
}

/** `callback`, which is called in the context of now, whoever calls it and when: of a request whose answer is a stream. */
export function inContextOfNow<Args extends unknown[], Result>(
  callback: (...args: Args) => Result,
): (...args: Args) => Result {
  const now = own();
  return (...args) => now.runInAsyncScope(callback, undefined, ...args);
}

/**
 * Calls a handler in a context that begins as the present one; whatever it enters ends with it. Whatever it calls in turn,
 * however deep, enqueues as the task that runs.
 */
export function runAsTask<Result>(dispatcher: object, attempt: object, handle: () => Result): Result {
  return own().runInAsyncScope(() => runningHandler.run({ dispatcher, attempt }, handle));
}

/** The attempt whose handler is calling, as {@link runAsTask} was given it; null where none of the dispatcher's store is. */
export function runningAttempt(dispatcher: object): object | null {
  const running = runningHandler.getStore();
  return running?.dispatcher === dispatcher ? running.attempt : null;
}

const runningStepName = new AsyncLocalStorage<string>();

/** Calls the function of a durable step, so that a step within it is noticed. */
export function runAsStep<Result>(name: string, run: () => Result): Result {
  return runningStepName.run(name, run);
}

/** Name of the durable step whose function is calling; null where none is. */
export function runningStep(): string | null {
  return runningStepName.getStore() ?? null;
}
