import type { TaskStep, WaitingSignal } from '../../../contract/index.js';
import type { EngineContext, NewSignal, StepBounds, StepPlace, StepRecord } from '../../port/index.js';
import { isLargeStep, shownStepJson } from '../../common/index.js';

/**
 * What one task may have on record. Its steps stand in the job itself, so that they come and go with it: whoever reads the job,
 * lists it or is handed it reads them along, and PostgreSQL writes the row anew for each.
 */
export const STEP_BOUNDS: StepBounds = { steps: 1_000, bytes: 256 * 1_024 };
/** The same for the signals that wait in a job. */
export const SIGNAL_BOUNDS = { signals: 1_000, bytes: 256 * 1_024 } as const;

/** As text: PostgreSQL's jsonb holds neither NUL nor half of a surrogate pair, and Redis gives an empty list back as an object. */
export interface StepTexts {
  /** By their addresses. */
  readonly steps: Readonly<Record<string, string>>;
  /** The earliest first. */
  readonly signals: readonly SignalText[];
}

export interface SignalText {
  /** As {@link nameText} has it. */
  readonly name: string;
  readonly text: string;
  /** Where it stands in the job. */
  readonly at: string;
}

/** A step with the number of the attempt that recorded it. */
export type AttemptStep = StepRecord & Pick<TaskStep, 'attempt'>;

interface KeptSignal extends NewSignal {
  readonly sentAt: number;
}

export function hasTexts({ steps, signals }: StepTexts): boolean {
  return signals.length > 0 || Object.keys(steps).length > 0;
}

export function placeText({ kind, name, number }: StepPlace): string {
  return `${kind} ${number} ${nameText(name)}`;
}

/** A name in characters that every store has. */
export function nameText(name: string): string {
  return JSON.stringify(name);
}

export function stepText(step: StepRecord, attempt: number): string {
  return JSON.stringify({ ...step, attempt } satisfies AttemptStep);
}

/** In the order in which they were recorded. */
export function stepsIn({ steps }: StepTexts): AttemptStep[] {
  const parsed = Object.values(steps).map((text) => JSON.parse(text) as AttemptStep);
  return parsed.toSorted((a, b) => a.position - b.position);
}

export function signalText(signal: NewSignal, sentAt: number): string {
  return JSON.stringify({ ...signal, sentAt } satisfies KeptSignal);
}

export function signalIn({ text }: Pick<SignalText, 'text'>): KeptSignal {
  return JSON.parse(text) as KeptSignal;
}

/** What is left where a step and all that was recorded after it is forgotten; null where there is no step of that name. */
export function withoutStepsFrom(texts: StepTexts, name: string): StepTexts | null {
  const first = stepsIn(texts).find((step) => step.name === name);
  if (!first) return null;
  const kept = Object.entries(texts.steps).filter(
    ([, text]) => (JSON.parse(text) as AttemptStep).position < first.position,
  );
  return { ...texts, steps: Object.fromEntries(kept) };
}

/** A step as a reader may see it. */
export function shownStep(step: AttemptStep, mask: EngineContext['mask']): TaskStep {
  const { kind, name, number, position, attempt, startedAt, finishedAt, result, sensitive, wait } = step;
  const isLarge = result !== null && isLargeStep(result);
  return {
    kind,
    name,
    number,
    position,
    attempt,
    startedAt,
    finishedAt,
    ...(result !== null && !isLarge && { result: shownStepJson(result, sensitive, mask) }),
    ...(isLarge && { isLarge }),
    ...(wait && { wait }),
  };
}

/** A signal as a reader may see it. */
export function shownSignal(signal: SignalText, mask: EngineContext['mask']): WaitingSignal {
  const { name, sentAt, payload, sensitive } = signalIn(signal);
  return { name, sentAt, payload: isLargeStep(payload) ? null : shownStepJson(payload, sensitive, mask) };
}
