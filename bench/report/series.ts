/** The values of one figure over all rounds. */
export interface Series {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function seriesOf(values: readonly number[]): Series {
  return { median: percentile(values, 0.5), least: Math.min(...values), most: Math.max(...values) };
}

/** @param share from 0 to 1 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}
