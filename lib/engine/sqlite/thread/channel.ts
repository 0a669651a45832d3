import { afterThisCallback } from '../../../clock/index.js';

/** What a message says first is its kind. All of it is data that JSON can hold. */
export type Message = readonly [kind: string, ...rest: readonly unknown[]];

export interface ChannelEnd {
  postMessage(text: string): void;
}

/**
 * One end of the way between two threads. What is sent in one turn of the event loop goes in one text: a text costs the
 * same, however many messages it has, and less than objects, which both sides would copy piece by piece.
 */
export class Channel<Out extends Message> {
  private batch: Array<Out | (() => Out | null)> = [];

  /** @param onUnsendable called for a message that JSON cannot hold */
  constructor(
    private readonly end: ChannelEnd,
    private readonly onUnsendable: (message: Out, error: unknown) => void,
  ) {}

  /** @param message or what makes it when the batch goes, null: none */
  send(message: Out | (() => Out | null)): void {
    // When all that the present callback has set off is done, and before the next one.
    if (this.batch.push(message) === 1) afterThisCallback(() => this.flush());
  }

  /** Sends now what is waiting. */
  flush(): void {
    if (this.batch.length === 0) return;
    const batch = this.batch
      .map((each) => (typeof each === 'function' ? each() : each))
      .filter((each) => each !== null);
    this.batch = [];
    if (batch.length === 0) return;
    try {
      this.post(JSON.stringify(batch));
    } catch {
      for (const message of batch) this.sendAlone(message);
    }
  }

  private sendAlone(message: Out): void {
    try {
      this.post(JSON.stringify([message]));
    } catch (error) {
      this.onUnsendable(message, error);
    }
  }

  private post(text: string): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
    this.end.postMessage(text);
  }
}

/** The messages of a text that the other end sent. */
export function messagesOf<In extends Message>(text: string): readonly In[] {
  return JSON.parse(text) as In[];
}
