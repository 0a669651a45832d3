import { InvalidResultError, ResultTooLargeError, StepResultError } from '../contract/index.js';
import { encodeResult, type EncodedResult, type Redact } from '../params/index.js';

/** What a step gave, as it is stored. @throws StepResultError */
export function encodeStep(name: string, value: unknown, limit: number, redact: Redact | null): EncodedResult {
  try {
    return encodeResult(name, value, limit, redact);
  } catch (thrown) {
    throw problemOf(name, thrown) ?? thrown;
  }
}

function problemOf(name: string, thrown: unknown): StepResultError | null {
  const options = { cause: thrown };
  if (thrown instanceof ResultTooLargeError) {
    return new StepResultError(
      name,
      `gave ${thrown.bytes} bytes as JSON; the limit is ${thrown.limit} (option "maxResultSize"). Store large data elsewhere and ` +
        'return its id.',
      options,
    );
  }
  if (thrown instanceof InvalidResultError) {
    const problems = thrown.problems.map(({ path, message }) => (path ? `${path}: ${message}` : `it ${message}`));
    return new StepResultError(name, `gave what JSON cannot hold: ${problems.join('; ')}.`, options);
  }
  return null;
}
