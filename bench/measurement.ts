/** The values of one measurement over all rounds. */
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

/** Runs `work` and resolves to how many of `count` were done in a second. */
export async function rate(count: number, work: () => void | Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (count * 1_000) / (performance.now() - began);
}

/** Calls `work` with 0 to `count` - 1, `callers` of them at a time, each awaiting its call. */
export async function inParallel(
  count: number,
  callers: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const call = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
}
