import type { BullmqOptions } from '../engine/bullmq/index.js';
import { type Check, checkWith, object } from './option-checks.js';
import { shownValue } from './shown-value.js';

const text = checkWith<string>((value) =>
  typeof value === 'string' && value !== '' ? { value } : { problem: `must be a text, not ${shownValue(value)}` },
);

/** A text with a password in it is not shown. */
const postgres = checkWith<string>((value) =>
  typeof value === 'string' && /^postgres(?:ql)?:\/\//.test(value)
    ? { value }
    : { problem: 'must be a connection string that begins with "postgres://"' },
);

/** What stands in it is the driver's: any keys, in the driver's spelling. */
const connection = checkWith<NonNullable<BullmqOptions['connection']>>((value) => {
  const plain = toPlain(value);
  return typeof plain === 'object' && plain !== null && !Array.isArray(plain)
    ? { value: plain as NonNullable<BullmqOptions['connection']> }
    : { problem: 'must be an object such as { host: "localhost", port: 6379 }' };
});

const fields = object<BullmqOptions>({ connection, postgres, prefix: text });

export const bullmqOptions: Check<BullmqOptions> = (value, place) => {
  const options = fields(value, place);
  if (options && (options.connection === undefined) === (options.postgres === undefined)) {
    place.report('must have one of "connection" and "postgres"');
  }
  if (options?.prefix !== undefined && options.postgres !== undefined) {
    place.option('prefix').report('is for Redis: on PostgreSQL, each app has a database of its own');
  }
  return options;
};

/** A mapping of the file is a `Map`. */
function toPlain(value: unknown): unknown {
  if (!(value instanceof Map)) return value;
  return Object.fromEntries(Array.from(value, ([key, entry]) => [String(key), toPlain(entry)]));
}
