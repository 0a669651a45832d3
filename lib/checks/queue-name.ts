import type { Checked } from './checked.js';
import { shownValue } from './shown-value.js';

const GRAMMAR = /^[A-Za-z0-9_.:-]{1,100}$/;

/** Checks the name of a queue. A name stands in URLs, in SQL parameters and as a key of JSON objects. */
export function checkQueueName(name: unknown): Checked<string> {
  if (typeof name !== 'string' || !GRAMMAR.test(name)) {
    return {
      problem: `is not a queue name: 1 to 100 letters, digits or "_", ".", ":", "-" are, not ${shownValue(name)}`,
    };
  }
  // `counts[name]` of any plain object would find a method of Object.prototype, or set its prototype.
  if (name in Object.prototype) {
    return { problem: `is not a queue name: ${shownValue(name)} is the name of a property of every object` };
  }
  return { value: name };
}
