import { SENSITIVE_MASK } from './mask-sensitive.js';

/** Shorter values are left in texts: replacing each `7` or `yes` would make a text unreadable and protect nothing. */
const SHORTEST_SECRET = 4;

/** Takes sensitive values out of a text. */
export type Redact = (text: string) => string;

/** Replaces every occurrence of `secrets` in a text by `[sensitive]`, also where JSON or a URL has escaped them. */
export function redactor(secrets: readonly string[]): Redact {
  const spellings = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < SHORTEST_SECRET) continue;
    spellings.add(secret).add(JSON.stringify(secret).slice(1, -1)).add(urlEncoded(secret));
  }
  // The longest first: of two secrets one of which contains the other, none leaves a rest.
  const ordered = [...spellings].toSorted((a, b) => b.length - a.length);
  return (text) => ordered.reduce((redacted, spelling) => redacted.replaceAll(spelling, SENSITIVE_MASK), text);
}

/** `text` with every occurrence of `secrets` replaced, see {@link redactor}. */
export function redact(text: string, secrets: readonly string[]): string {
  return redactor(secrets)(text);
}

function urlEncoded(secret: string): string {
  try {
    return encodeURIComponent(secret);
  } catch {
    return secret; // a lone surrogate has no encoding
  }
}
