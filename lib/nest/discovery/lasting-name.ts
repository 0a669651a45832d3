/** Is called otherwise where the library was minified, together with the app. */
class NamedAsWritten {}

/** Minifiers give names of up to so many characters, as long as there is one that is free. */
const MAX_MINIFIED_LENGTH = 3;

/** A class that somebody may have called so: `Job`. */
const SHORT_WORD = /^[A-Z][a-z]{2}$/;

/**
 * Whether a class is called as it was written. A minifier gives it a short name instead, which in the next build may be
 * another, or that of another class.
 */
export function hasLastingName(className: string): boolean {
  if (className.length > MAX_MINIFIED_LENGTH) return true;
  return SHORT_WORD.test(className) && NamedAsWritten.name === 'NamedAsWritten';
}
