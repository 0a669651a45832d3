import {
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import type { AttemptMessage } from '../channels/index.js';
import { monotonicTime } from '../clock/index.js';
import { ATTRIBUTES, CommonAttributes } from './attributes.js';
import type { Instruments } from './instruments.js';

/**
 * A consumer span for each attempt, from when its handler is reached until it has ended; it is the active one within the
 * handler. It begins a trace of its own and links to where its task was enqueued, or is a child of that by choice.
 */
export class AttemptSpans {
  private readonly open = new WeakMap<AttemptMessage, { readonly span: Span; readonly since: number }>();
  private readonly common = new CommonAttributes();

  constructor(
    private readonly tracer: () => Tracer,
    private readonly instruments: () => Instruments,
    private readonly isChild: () => boolean,
    /** UTC milliseconds. */
    private readonly now: () => number,
  ) {}

  start(message: AttemptMessage): void {
    const { store, task } = message;
    const common = this.common.of(store, task.queue, task.name);
    const attributes = { ...common, [ATTRIBUTES.messageId]: task.id, [ATTRIBUTES.attempt]: task.attempt };
    const enqueued = propagation.extract(ROOT_CONTEXT, task.context ?? {});
    const origin = trace.getSpanContext(enqueued);
    const isChild = origin !== undefined && this.isChild();
    const parent: Context = isChild ? enqueued : ROOT_CONTEXT;
    const links = origin && !isChild ? [{ context: origin }] : [];
    const span = this.tracer().startSpan(
      `process ${task.queue}`,
      { kind: SpanKind.CONSUMER, attributes, links },
      parent,
    );
    this.open.set(message, { span, since: monotonicTime() });
    this.instruments().begun(Math.max(0, this.now() - task.runAt) / 1_000, common);
    const around = message.surround;
    const active = trace.setSpan(parent, span);
    message.surround = (attempt) => context.with(active, around ? () => around(attempt) : attempt);
  }

  end(message: AttemptMessage): void {
    const begun = this.open.get(message);
    if (!begun) return;
    const { span, since } = begun;
    const { store, task, outcome = 'failed', taskError } = message;
    const isError = outcome === 'failed' || outcome === 'retried';
    const ended = {
      [ATTRIBUTES.outcome]: outcome,
      ...(isError && { [ATTRIBUTES.errorType]: taskError?.name ?? '_OTHER' }),
    };
    span.setAttributes(ended);
    if (isError) {
      if (taskError) span.recordException(taskError);
      span.setStatus({ code: SpanStatusCode.ERROR, ...(taskError && { message: taskError.message }) });
    }
    span.end();
    this.instruments().ended((monotonicTime() - since) / 1_000, {
      ...this.common.of(store, task.queue, task.name),
      ...ended,
    });
  }
}
