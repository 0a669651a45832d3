import type { RegisteredHandler } from '../handlers/index.js';

/** How a handler's call ended, as it is. */
export interface CallEnd {
  readonly returned?: unknown;
  readonly thrown?: unknown;
}

/** What handlers return and throw, by the tasks that they were called for: the store has it as JSON and text alone. */
export class HandlerCalls {
  private readonly ends = new Map<string, CallEnd>();

  /** The handler, with its calls noted, and with delays before retries that a test can name. */
  watched(handler: RegisteredHandler): RegisteredHandler {
    const call = (params: object, context: object): unknown => {
      const note = (end: CallEnd): void => void this.ends.set((context as { readonly id: string }).id, end);
      try {
        const returned = handler.call(params, context);
        if (!(returned instanceof Promise)) note({ returned });
        else {
          returned.then(
            (value: unknown) => note({ returned: value }),
            (thrown: unknown) => note({ thrown }),
          );
        }
        return returned;
      } catch (thrown) {
        note({ thrown });
        throw thrown;
      }
    };
    return { ...handler, settings: { ...handler.settings, jitter: 0 }, call };
  }

  /** How the last call for a task ended; it is told once. */
  take(taskId: string): CallEnd {
    const end = this.ends.get(taskId) ?? {};
    this.ends.delete(taskId);
    return end;
  }
}
