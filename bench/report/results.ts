import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Outcome } from '../context.js';
import type { Unit } from '../measure.js';
import { DATA } from '../store/stores.js';
import type { Series } from './series.js';

export interface FigureResult {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  /** By contestant. */
  readonly outcomes: Readonly<Record<string, Outcome>>;
}

export interface MeasureResult {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly figures: readonly FigureResult[];
}

export interface Results {
  /** Day of the run, as 2026-01-31. */
  readonly date: string;
  readonly machine: readonly string[];
  readonly settings: string;
  readonly contestants: ReadonlyArray<{
    readonly name: string;
    readonly title: string;
    readonly versions: string;
    readonly durability: string;
    readonly settings: string;
  }>;
  readonly measures: readonly MeasureResult[];
}

const FILE = join(DATA, 'results.json');

/** What the last run came to; null where there was none. */
export function readResults(): Results | null {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Results) : null;
}

export function writeResults(results: Results): void {
  mkdirSync(dirname(FILE), { recursive: true });
  writeFileSync(FILE, `${JSON.stringify(results, null, 2)}\n`);
}

/** What a contestant came to in a figure, by default its median; null where it has none, or failed. */
export function valueOf(
  results: Results,
  figure: string,
  contestant: string,
  of: keyof Series = 'median',
): number | null {
  for (const measure of results.measures) {
    const outcome = measure.figures.find(({ id }) => id === figure)?.outcomes[contestant];
    if (outcome) return 'failed' in outcome ? null : outcome[of];
  }
  return null;
}
