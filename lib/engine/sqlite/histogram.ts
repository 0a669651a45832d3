/** 2^40 ms are 34 years: longer than anything measured here. */
const BUCKETS = 40;

/** Counts `values` into buckets by power of two: `[n]` holds those below 2^n and not below 2^(n-1). */
export function addToHistogram(histogram: number[], values: readonly number[]): number[] {
  for (const value of values) {
    const bucket = value < 1 ? 0 : Math.min(Math.floor(Math.log2(value)) + 1, BUCKETS);
    while (histogram.length <= bucket) histogram.push(0);
    histogram[bucket]! += 1;
  }
  return histogram;
}

export function parseHistogram(text: string | undefined): number[] {
  return text === undefined ? [] : (JSON.parse(text) as number[]);
}
