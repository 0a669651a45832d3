import type { StepKind, StepWait } from '../../contract/index.js';

/** What a step is known by, in every attempt of its task. */
export interface StepPlace {
  readonly kind: StepKind;
  readonly name: string;
  readonly number: number;
}

/** A step as it stands on record. */
export interface StepRecord extends StepPlace {
  readonly position: number;
  /** JSON; null while it is waited for. */
  readonly result: string | null;
  /** Paths in the result that must never be shown. */
  readonly sensitive: readonly string[];
  readonly wait: StepWait | null;
  readonly startedAt: number;
  readonly finishedAt: number | null;
}
