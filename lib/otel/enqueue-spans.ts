import { context, propagation, type Span, SpanKind, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api';
import type { EnqueueMessage } from '../channels/index.js';
import { monotonicTime } from '../clock/index.js';
import { messageOf } from '../contract/index.js';
import { ATTRIBUTES, operationOn } from './attributes.js';
import type { Instruments } from './instruments.js';
import { Slot } from './slot.js';

/**
 * A producer span for each call that enqueues: what stands around it is its parent, and its own context goes along with each
 * of the tasks. One span for many tasks too: their attempts all link to it.
 */
export class EnqueueSpans {
  private readonly open = new Slot<EnqueueMessage, { readonly span: Span; readonly since: number }>();

  constructor(
    private readonly tracer: () => Tracer,
    private readonly instruments: () => Instruments,
  ) {}

  start(message: EnqueueMessage): void {
    const { store, queue, tasks, carrier } = message;
    const [first] = tasks;
    const attributes = {
      ...operationOn(queue, 'enqueue', store),
      ...nameOf(message),
      ...(tasks.length === 1 ? { [ATTRIBUTES.messageId]: first!.id } : { [ATTRIBUTES.batchCount]: tasks.length }),
    };
    const span = this.tracer().startSpan(`enqueue ${queue}`, { kind: SpanKind.PRODUCER, attributes });
    this.open.set(message, { span, since: monotonicTime() });
    const carried: Record<string, string> = {};
    const within = trace.setSpan(context.active(), span);
    context.with(within, () => {
      // Sentry's propagator injects the active context alone, which its manager has made of this one. Without a manager none is.
      const active = context.active();
      propagation.inject(trace.getSpan(active) === span ? active : within, carried);
    });
    // Baggage may be of any size, and secret: an app that wants it in its tasks says so by the option "context".
    delete carried['baggage'];
    Object.assign(carrier, carried);
  }

  end(message: EnqueueMessage & { readonly result?: unknown }): void {
    const begun = this.open.get(message);
    if (!begun) return;
    const { span, since } = begun;
    const { store, queue, error } = message;
    const failed = error === undefined ? {} : { [ATTRIBUTES.errorType]: typeOf(error) };
    if (error !== undefined) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) });
      span.setAttributes(failed);
    }
    span.end();
    this.instruments().enqueued(sentBy(message), (monotonicTime() - since) / 1_000, {
      ...operationOn(queue, 'enqueue', store),
      ...nameOf(message),
      ...failed,
    });
  }
}

/** Where all tasks of a call are of one name, as nearly always. */
function nameOf({ tasks }: EnqueueMessage): { [ATTRIBUTES.taskName]?: string } {
  const [first] = tasks;
  return first && tasks.every(({ name }) => name === first.name) ? { [ATTRIBUTES.taskName]: first.name } : {};
}

/** Those that were there already, by their id or key, were not sent again. */
function sentBy({ tasks, error, result }: EnqueueMessage & { readonly result?: unknown }): number {
  if (error !== undefined || !Array.isArray(result)) return tasks.length;
  return (result as ReadonlyArray<{ readonly enqueued?: boolean }>).filter(({ enqueued }) => enqueued !== false).length;
}

function typeOf(error: unknown): string {
  return error instanceof Error ? error.name : '_OTHER';
}
