import type { Attributes } from '@opentelemetry/api';
import { ATTRIBUTES, operationOn, SYSTEM } from './attributes.js';

/** How attempts end that are not errors: few, so that what their metrics say is kept. */
const MAX_ENDINGS = 16;

/** What the attempts of one kind of task have in common: made once, as it is told of each. */
export class AttemptKind {
  readonly spanName: string;
  readonly common: Attributes;
  /**
   * Of how long it has waited, a metric of our own, which needs not say whose it is. The SDK turns the attributes of a
   * histogram into a text for each value: they are as few as will do.
   */
  readonly waited: Attributes;
  /** Of how long it took: the conventions have no type of operation there. */
  private readonly processed: Attributes;
  private readonly endings = new Map<string, Attributes>();

  constructor(store: string, queue: string, name: string) {
    this.spanName = `process ${queue}`;
    this.common = Object.freeze({ ...operationOn(queue, 'process', store), [ATTRIBUTES.taskName]: name });
    this.waited = Object.freeze({
      [ATTRIBUTES.destination]: queue,
      [ATTRIBUTES.store]: store,
      [ATTRIBUTES.taskName]: name,
    });
    this.processed = { ...this.waited, [ATTRIBUTES.system]: SYSTEM, [ATTRIBUTES.operationName]: 'process' };
  }

  /** Of a span that begins: what a sampler may decide by. Each has its own, as Sentry's tracer writes into them. */
  begun(attempt: number): Attributes {
    return { ...this.common, [ATTRIBUTES.attempt]: attempt };
  }

  /** Of how long an attempt took that has ended. */
  ended(outcome: string, errorType: string | null): Attributes {
    if (errorType !== null) {
      return { ...this.processed, [ATTRIBUTES.outcome]: outcome, [ATTRIBUTES.errorType]: errorType };
    }
    let found = this.endings.get(outcome);
    if (!found) {
      found = Object.freeze({ ...this.processed, [ATTRIBUTES.outcome]: outcome });
      if (this.endings.size < MAX_ENDINGS) this.endings.set(outcome, found);
    }
    return found;
  }
}

export class AttemptKinds {
  private readonly stores = new Map<string, Map<string, Map<string, AttemptKind>>>();

  of(store: string, queue: string, name: string): AttemptKind {
    return this.stores.get(store)?.get(queue)?.get(name) ?? this.make(store, queue, name);
  }

  private make(store: string, queue: string, name: string): AttemptKind {
    const queues = kept(this.stores, store, () => new Map<string, Map<string, AttemptKind>>());
    const names = kept(queues, queue, () => new Map<string, AttemptKind>());
    return kept(names, name, () => new AttemptKind(store, queue, name));
  }
}

function kept<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  let found = map.get(key);
  if (found === undefined) map.set(key, (found = make()));
  return found;
}
