import { MAX_PARAMS_DEPTH } from './violation.js';
import { SENSITIVE_MASK } from './sensitive-path.js';
import { anyDepth, anyProperty, parsePath, type Segment, type SensitivePath } from './sensitive-path.js';

/** Shorter values are left in texts: replacing each `7` or `yes` would make a text unreadable and protect nothing. */
const MIN_SECRET_LENGTH = 4;

/** Takes sensitive values out of a text. */
export type Redact = (text: string) => string;

/** The sensitive values of one task's params, to be kept out of its errors and logs. */
export class TaskSecrets {
  private readonly learned: string[] = [];
  private prepared: Redact | null = null;

  /** @param json the stored params; unreadable ones have no known secrets */
  constructor(
    private readonly json: string,
    private readonly paths: readonly SensitivePath[],
  ) {}

  /** Adds those of the instance that the handler gets: a transformation of the class may have changed them. */
  learn(params: object): void {
    this.learned.push(...sensitiveValues(params, this.paths));
    this.prepared = null;
  }

  readonly redact: Redact = (text) => {
    this.prepared ??= redactor([...this.learned, ...this.stored()]);
    return this.prepared(text);
  };

  private stored(): string[] {
    try {
      return sensitiveValues(JSON.parse(this.json), this.paths);
    } catch {
      return [];
    }
  }
}

/** Replaces every occurrence of `secrets` in a text by `[sensitive]`, also where JSON or a URL has escaped them. */
export function redactor(secrets: readonly string[]): Redact {
  const spellings = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < MIN_SECRET_LENGTH) continue;
    spellings.add(secret).add(JSON.stringify(secret).slice(1, -1)).add(urlEncoded(secret));
  }
  // The longest first: of two secrets one of which contains the other, none leaves a rest.
  const ordered = [...spellings].toSorted((a, b) => b.length - a.length);
  return (text) => ordered.reduce((redacted, spelling) => redacted.replaceAll(spelling, SENSITIVE_MASK), text);
}

function urlEncoded(secret: string): string {
  try {
    return encodeURIComponent(secret);
  } catch {
    return secret; // a lone surrogate has no encoding
  }
}

/**
 * What stands at `paths` in `params`, stored or as an instance: strings and numbers as text; of an object or array
 * everything that it holds.
 */
export function sensitiveValues(params: unknown, paths: readonly SensitivePath[]): string[] {
  const values = new Set<string>();
  for (const path of paths) visit(params, parsePath(path), 0, 0, values);
  return [...values];
}

function visit(value: unknown, path: readonly Segment[], at: number, depth: number, into: Set<string>): void {
  if (at >= path.length) {
    if (typeof value === 'string') into.add(value);
    else if (typeof value === 'number' || typeof value === 'bigint') into.add(String(value));
  }
  // A transformation of the class may have made a cycle: the depth ends it.
  if (typeof value !== 'object' || value === null || depth > MAX_PARAMS_DEPTH) return;
  const segment = path[at];
  const step = (inner: unknown, next: number): void => visit(inner, path, next, depth + 1, into);
  if (Array.isArray(value) || value instanceof Set) {
    for (const element of value) step(element, at);
  } else if (segment === undefined || segment === anyProperty) {
    for (const inner of propertiesOf(value)) step(inner, segment === undefined ? at : at + 1);
  } else if (segment === anyDepth) {
    step(value, at + 1);
    for (const inner of propertiesOf(value)) step(inner, at);
  } else {
    step(value instanceof Map ? value.get(segment) : (value as Record<string, unknown>)[segment], at + 1);
  }
}

function propertiesOf(value: object): Iterable<unknown> {
  return value instanceof Map ? value.values() : Object.values(value);
}
