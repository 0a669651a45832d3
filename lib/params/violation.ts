import type { FieldProblem } from '../contract/index.js';

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
/** Deeper params are refused: whoever recurses over them later must not run out of stack. */
export const MAX_PARAMS_DEPTH = 200;

/** Something that a walk over a value refuses. Each level that it is handed up through adds itself. */
export interface Violation {
  /** Where it stands, from the inside out. */
  readonly segments: Array<string | number>;
  readonly message: string;
  /** Only where the walk went too deep: the objects on the way there, from the inside out, to tell a cycle from depth. */
  readonly trail?: object[];
}

/** The value takes more than the limit whatever follows; `bytes` is what was counted until then. */
export interface TooLarge {
  readonly bytes: number;
}

export function violation(message: string): Violation {
  return { segments: [], message };
}

export function tooDeep(): Violation {
  return { segments: [], message: `is nested deeper than ${MAX_PARAMS_DEPTH} levels`, trail: [] };
}

/** Hands `inner` up through `parent`, where it was found under `key`. */
export function under(parent: object, key: string | number | null, inner: Violation): Violation {
  if (key !== null) inner.segments.push(key);
  // A level without a key (the result of toJSON) keeps trail and segments in step.
  if (key !== null) inner.trail?.push(parent);
  return inner;
}

/** The violation as an error shows it. What went too deep because it contains itself is said to do so, where it first does. */
export function toFieldProblem(found: Violation, root = 'the params themselves'): FieldProblem {
  const segments = found.segments.toReversed();
  const trail = found.trail?.toReversed() ?? [];
  const seen = new Map<object, number>();
  for (const [depth, object] of trail.entries()) {
    const first = seen.get(object);
    if (first !== undefined) {
      const target = first === 0 ? root : formatPath(segments.slice(0, first));
      return {
        path: formatPath(segments.slice(0, depth)),
        message: `refers back to ${target}; JSON cannot hold a cycle`,
      };
    }
    seen.set(object, depth);
  }
  // Two hundred segments help nobody: the first few say which branch it is.
  const path = found.trail ? `${formatPath(segments.slice(0, 5))}…` : formatPath(segments);
  return { path, message: found.message };
}

/** `items[2].price`: where something stands in a value, as an error names it. */
export function formatPath(segments: readonly (string | number)[]): string {
  let path = '';
  for (const segment of segments) {
    if (typeof segment === 'number') path += `[${segment}]`;
    else if (!IDENTIFIER.test(segment)) path += `[${JSON.stringify(segment)}]`;
    else path += path === '' ? segment : `.${segment}`;
  }
  return path;
}
