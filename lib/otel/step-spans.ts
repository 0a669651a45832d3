import { context, type Span, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api';
import type { StepMessage } from '../channels/index.js';
import { ATTRIBUTES } from './attributes.js';
import { Slot } from './slot.js';

/** A span for each durable step that runs, below that of its attempt; one that is on record has none. */
export class StepSpans {
  private readonly open = new Slot<StepMessage, Span>();

  constructor(private readonly tracer: () => Tracer) {}

  start(message: StepMessage): void {
    const { task, step, kind } = message;
    const attributes = {
      [ATTRIBUTES.stepName]: step,
      [ATTRIBUTES.stepKind]: kind,
      [ATTRIBUTES.messageId]: task.id,
      [ATTRIBUTES.taskName]: task.name,
      [ATTRIBUTES.attempt]: task.attempt,
    };
    const span = this.tracer().startSpan(`step ${step}`, { attributes });
    this.open.set(message, span);
    const around = message.surround;
    const active = trace.setSpan(context.active(), span);
    message.surround = (run) => context.with(active, around ? () => around(run) : run);
  }

  /** What it threw is not told: its message may say what is sensitive. That of the attempt has it without. */
  end(message: StepMessage): void {
    const span = this.open.get(message);
    if (!span) return;
    const { error } = message;
    if (error !== undefined) {
      span.setAttribute(ATTRIBUTES.errorType, error instanceof Error ? error.name : '_OTHER');
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end();
  }
}
