import type { ContextOptions } from '../config/index.js';
import type { CarriedContext } from '../contract/index.js';

type Run = NonNullable<ContextOptions['run']>;

/** One for all: nobody may add to it. */
const NOTHING: CarriedContext = Object.freeze({});

/**
 * Calls a handler within what the app enters for it. The handler's end is that of the attempt, whatever `run` returns: one
 * that forgets to return what `next()` did would have the task complete while its handler is at work.
 *
 * @throws what the handler does, and `run`; an Error where `run` has not called the handler
 */
export function inCarriedContext(run: Run, carried: CarriedContext = NOTHING, handle: () => unknown): unknown {
  let end: (() => unknown) | null = null;
  const next = (): unknown => {
    if (end) throw new Error('The option "context.run" called next() a second time for one attempt.');
    end = endOf(handle);
    return end();
  };
  const result = (): unknown => {
    if (end) return end();
    throw new Error('The option "context.run" did not call next(), so the handler did not run: return next() in it.');
  };
  const ran = run(carried, next);
  return ran instanceof Promise ? ran.then(result) : result();
}

/** Calls a handler once. Returns what gives its end again. */
function endOf(handle: () => unknown): () => unknown {
  try {
    const returned = handle();
    // Where `run` throws after it, nobody waits for it.
    if (returned instanceof Promise) returned.catch(() => undefined);
    return () => returned;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
