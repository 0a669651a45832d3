/** The values of one figure over all rounds. */
export interface Series {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function seriesOf(values: readonly number[]): Series {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

/** Of an even number of values, what lies between the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

/** @param share from 0 to 1 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}
