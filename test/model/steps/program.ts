import fc from 'fast-check';

/** What a handler does, in turn. It is the same in every attempt of its task. */
export type Program = readonly Part[];

/** `all`: what begins together, and is waited for together. */
export type Part = Single | { readonly do: 'all'; readonly parts: readonly Single[] };

export type Single = Step | Wait | Call | { readonly do: 'save' } | { readonly do: 'throw'; readonly times: number };

/** A step whose effect fails the first few times, or goes on until the test says how it ends. */
export interface Step {
  readonly do: 'step';
  readonly name: string;
  readonly fails: number;
  readonly gated: boolean;
}

/** A sleep, where it is for no signal. */
export interface Wait {
  readonly do: 'wait';
  readonly names: readonly string[];
  /** Null: until it comes. */
  readonly minutes: number | null;
}

export interface Call {
  readonly do: 'call';
  readonly program: Program;
}

export const SIGNALS = ['a', 'b'] as const;
export const STEPS = ['charge', 'ship'] as const;
export const SLEEP = 'nap';

const minutes = fc.integer({ min: 1, max: 6 });

const step: fc.Arbitrary<Single> = fc.record({
  do: fc.constant('step' as const),
  name: fc.constantFrom(...STEPS),
  fails: fc.nat({ max: 2 }).map((times) => Math.max(0, times - 1)),
  gated: fc.boolean(),
});

const sleep: fc.Arbitrary<Single> = fc.record({ do: fc.constant('wait' as const), names: fc.constant([]), minutes });

const waitFor: fc.Arbitrary<Single> = fc.record({
  do: fc.constant('wait' as const),
  names: fc.constantFrom<Wait['names'][]>(['a'], ['a'], ['b'], ['a', 'b'], ['b', 'a']),
  minutes: fc.option<number>(minutes, { freq: 2 }),
});

const fails: fc.Arbitrary<Single> = fc.record({ do: fc.constant('throw' as const), times: fc.constant(1) });
const save: fc.Arbitrary<Single> = fc.constant({ do: 'save' as const });

/** What a called task does. */
const short: fc.Arbitrary<Program> = fc.array(fc.oneof(step, step, sleep, waitFor, fails), { maxLength: 2 });

const call: fc.Arbitrary<Single> = fc.record({ do: fc.constant('call' as const), program: short });

const together: fc.Arbitrary<Part> = fc.record({
  do: fc.constant('all' as const),
  parts: fc.array(fc.oneof(step, sleep, waitFor, waitFor, call), { minLength: 2, maxLength: 3 }),
});

export const program: fc.Arbitrary<Program> = fc.array(
  fc.oneof(step, step, sleep, waitFor, waitFor, call, fails, save, together, together),
  { minLength: 1, maxLength: 6, size: 'max' },
);

/** The kind and name under which a part is recorded; what begins together has a key of its own. */
export function recordedAs(
  part: Step | Wait | Call,
  key: string | null,
): { readonly kind: string; readonly name: string } {
  const named = (name: string): string => (key === null ? name : `${name}[${key}]`);
  switch (part.do) {
    case 'step':
      return { kind: 'step', name: named(part.name) };
    case 'wait':
      return part.names.length === 0
        ? { kind: 'sleep', name: named(SLEEP) }
        : { kind: 'wait', name: named(part.names.join('|')) };
    case 'call':
      return { kind: 'call', name: named(CALLED) };
  }
}

/** Names of the handlers: of the tasks that the test enqueues, and of those that others call. */
export const CALLER = 'caller';
export const CALLED = 'called';
/** Attempts of a task that count, where nobody retries it by hand. */
export const ATTEMPTS: Readonly<Record<string, number>> = { [CALLER]: 3, [CALLED]: 1 };
export const RETRY_DELAY_MS = 60_000;
