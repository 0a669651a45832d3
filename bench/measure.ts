import type { ContestantInfo } from './contestant.js';
import type { Context } from './context.js';

export type Unit = 'tasks/s' | 'ms' | 'µs' | 'MB' | '%' | 's';

/** One column of a table. */
export interface Figure {
  /** Never used by another measure. */
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
}

export interface Measure {
  /** What it is chosen by on the command line, as part of it. */
  readonly name: string;
  readonly title: string;
  /** A sentence or two on what is done and counted. */
  readonly about: string;
  readonly figures: readonly Figure[];
  /** No target hangs on it, so it is run after the others, in case that a run is cut short. */
  readonly last?: boolean;
  /** Whether `contestant` can do this at all, in a time that one would wait for. */
  takesPart(contestant: ContestantInfo): boolean;
  /** Records figures for those of `context.contestants` that take part. */
  run(context: Context): Promise<void>;
}
