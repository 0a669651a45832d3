import type { Clock } from '../clock/index.js';
import type { TaskSettings } from '../config/index.js';
import type { RegisteredHandler } from '../discovery/index.js';
import { runAsTask, type TaskDispatcher } from '../dispatcher/index.js';
import type { Delivery } from '../engine/index.js';
import { InvalidParamsError } from '../errors/index.js';
import type { ParamsCodec } from '../params/index.js';
import { AttemptContext } from './attempt-context.js';
import { AttemptSignal } from './attempt-signal.js';
import type { AttemptsGranted } from './attempts-granted.js';
import type { TaskSecrets } from './task-secrets.js';

/**
 * How the handler's part of an attempt came out. `rejected`: its params are wrong, and stay so; `unstarted`: aborted
 * before the handler was called; `abandoned`: aborted, and it did not stop.
 */
export type Ending =
  { readonly as: 'done' | 'unstarted' | 'abandoned' } | { readonly as: 'threw' | 'rejected'; readonly thrown: unknown };

/** What an attempt is about. */
export interface AttemptParts {
  readonly delivery: Delivery;
  readonly handler: RegisteredHandler;
  readonly settings: TaskSettings;
  readonly granted: AttemptsGranted;
  readonly secrets: TaskSecrets;
}

export interface AttemptTools {
  readonly codec: ParamsCodec;
  readonly dispatcher: TaskDispatcher;
  readonly clock: Clock;
}

/**
 * One call of a handler:
 *
 *     reading the params ──> running ──(the handler ends | the signal gives it up)──> ended, once
 *          │ wrong, or aborted by now                                                   ▲
 *          └────────────────────────────────────────────────────────────────────────────┘
 *
 * Promises and closures are few here, as each costs Node time for every task: no step that need not wait is asynchronous.
 */
export class Attempt {
  readonly signal: AttemptSignal;
  private readonly context: AttemptContext;
  private hasEnded = false;

  /** @param onEnd is called once, and must not throw */
  constructor(
    readonly parts: AttemptParts,
    private readonly tools: AttemptTools,
    private readonly onEnd: (attempt: Attempt, ending: Ending) => void,
  ) {
    const { delivery, settings, granted, secrets } = parts;
    this.signal = new AttemptSignal(delivery, settings.timeout, tools.clock, this);
    this.context = new AttemptContext(delivery, granted.shown, this.signal, tools.dispatcher, secrets.redact);
  }

  start(): void {
    const { delivery, handler } = this.parts;
    if (this.signal.aborted) return this.end({ as: 'unstarted' });
    try {
      const decoded = this.tools.codec.decodeNow(handler.name, delivery.task.params, handler.params);
      if (!(decoded instanceof Promise)) return this.call(decoded);
      decoded.then(
        (params) => this.call(params),
        (thrown: unknown) => this.refuse(thrown),
      );
    } catch (thrown) {
      this.refuse(thrown);
    }
  }

  /** Called by the signal. What the handler still says or throws after it is ignored, and does not end the process. */
  abandon(): void {
    this.end({ as: 'abandoned' });
  }

  private refuse(thrown: unknown): void {
    // A rule of the class that failed for another reason (no connection) says nothing about the params.
    this.end({ as: thrown instanceof InvalidParamsError ? 'rejected' : 'threw', thrown });
  }

  private call(params: object): void {
    const { delivery, handler, secrets } = this.parts;
    try {
      secrets.learn(params);
      if (this.signal.aborted) return this.end({ as: 'unstarted' });
      const result = runAsTask(this.tools.dispatcher, delivery.task.id, () => handler.call(params, this.context));
      if (!isThenable(result)) return this.end({ as: 'done' });
      Promise.resolve(result).then(
        () => this.end({ as: 'done' }),
        (thrown: unknown) => this.end({ as: 'threw', thrown }),
      );
    } catch (thrown) {
      this.end({ as: 'threw', thrown });
    }
  }

  private end(ending: Ending): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.onEnd(this, ending);
    this.context.end();
    this.signal.dispose();
  }
}

/** Also a promise of another realm or library. */
function isThenable(value: unknown): boolean {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && 'then' in value;
}
