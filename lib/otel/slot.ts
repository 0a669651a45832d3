/**
 * What a listener keeps of a message from its start to its end, in the message itself. A `WeakMap` would keep it beyond that,
 * until the next full collection of garbage.
 */
export class Slot<Message extends object, Value> {
  private readonly key = Symbol('nestjs-tasks:otel');

  set(message: Message, value: Value): void {
    (message as { [key: symbol]: Value })[this.key] = value;
  }

  /** Undefined where the message was not told of at its start. */
  get(message: Message): Value | undefined {
    return (message as { readonly [key: symbol]: Value | undefined })[this.key];
  }
}
