import { context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api';
import type { AttemptMessage } from '../channels/index.js';
import { monotonicTime } from '../clock/index.js';
import { ATTRIBUTES } from './attributes.js';
import type { Instruments } from './instruments.js';
import { Origins } from './origins.js';
import { Slot } from './slot.js';
import { type AttemptKind, AttemptKinds } from './attempt-kinds.js';

/** An attempt that is under way. */
interface Begun {
  readonly span: Span;
  readonly kind: AttemptKind;
  readonly since: number;
}

/**
 * A consumer span for each attempt, from when its handler is reached until it has ended; it is the active one within the
 * handler. It begins a trace of its own and links to where its task was enqueued, or is a child of that by choice.
 *
 * What is done here is done for every task: what can be is made once for each kind of task.
 */
export class AttemptSpans {
  private readonly begun = new Slot<AttemptMessage, Begun>();
  private readonly kinds = new AttemptKinds();
  private readonly origins = new Origins();

  constructor(
    private readonly tracer: () => Tracer,
    private readonly instruments: () => Instruments,
    private readonly isChild: () => boolean,
    /** UTC milliseconds. */
    private readonly now: () => number,
  ) {}

  start(message: AttemptMessage): void {
    const { store, task } = message;
    const kind = this.kinds.of(store, task.queue, task.name);
    const origin = task.context ? this.origins.of(task.context) : null;
    const isChild = origin !== null && this.isChild();
    const parent = isChild ? origin.context : ROOT_CONTEXT;
    const links = origin && !isChild ? [origin.link] : [];
    const attributes = kind.begun(task.attempt);
    const span = this.tracer().startSpan(kind.spanName, { kind: SpanKind.CONSUMER, attributes, links }, parent);
    // No sampler asks for it, and what is given at the start is copied three times.
    span.setAttribute(ATTRIBUTES.messageId, task.id);
    this.begun.set(message, { span, kind, since: monotonicTime() });
    this.instruments().begun(Math.max(0, this.now() - task.runAt) / 1_000, kind);
    const around = message.surround;
    const active = trace.setSpan(parent, span);
    message.surround = (attempt) => context.with(active, around ? () => around(attempt) : attempt);
  }

  end(message: AttemptMessage): void {
    const begun = this.begun.get(message);
    if (!begun) return;
    const { span, kind, since } = begun;
    const { outcome = 'failed', taskError } = message;
    const errorType = outcome === 'failed' || outcome === 'retried' ? (taskError?.name ?? '_OTHER') : null;
    span.setAttribute(ATTRIBUTES.outcome, outcome);
    if (errorType !== null) {
      span.setAttribute(ATTRIBUTES.errorType, errorType);
      if (taskError) span.recordException(taskError);
      span.setStatus({ code: SpanStatusCode.ERROR, ...(taskError && { message: taskError.message }) });
    }
    span.end();
    this.instruments().ended((monotonicTime() - since) / 1_000, kind.ended(outcome, errorType));
  }
}
