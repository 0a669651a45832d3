import { type Context, propagation, ROOT_CONTEXT, type Link, trace } from '@opentelemetry/api';
import type { CarriedContext } from '../contract/index.js';

/** Where a task was enqueued, as it carries it. */
export interface Origin {
  /** For a span that is its child. */
  readonly context: Context;
  /** For one that links there. */
  readonly link: Link;
}

/** Reads where tasks come from. Those of one call carry the same, and often follow one another: it is read once then. */
export class Origins {
  private carried: CarriedContext = {};
  private origin: Origin | null = null;

  /** @returns null where the task carries nothing of a trace */
  of(carried: CarriedContext): Origin | null {
    if (isSame(this.carried, carried)) return this.origin;
    const context = propagation.extract(ROOT_CONTEXT, carried);
    const found = trace.getSpanContext(context);
    this.carried = carried;
    this.origin = found ? { context, link: { context: found } } : null;
    return this.origin;
  }
}

/** What is carried beside texts is never the same twice. */
function isSame(left: CarriedContext, right: CarriedContext): boolean {
  let more = 0;
  for (const name in right) {
    if (left[name] !== right[name]) return false;
    more += 1;
  }
  for (const _ in left) more -= 1;
  return more === 0;
}
