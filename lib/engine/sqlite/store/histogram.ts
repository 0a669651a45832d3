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

const [OPEN, CLOSE, COMMA, ZERO] = ['[', ']', ',', '0'].map((character) => character.charCodeAt(0));

/** Adds histograms bucket by bucket. @param text of each, one after the other, such as `[0,3][1,0,2]` */
export function sumOfHistograms(text: string): number[] {
  const sums: number[] = [];
  let bucket = 0;
  let count = 0;
  for (let place = 0; place < text.length; place += 1) {
    const character = text.charCodeAt(place);
    if (character === OPEN) {
      bucket = 0;
      // A histogram of nothing has no count to add.
      if (text.charCodeAt(place + 1) === CLOSE) place += 1;
    } else if (character === COMMA || character === CLOSE) {
      sums[bucket] = (sums[bucket] ?? 0) + count;
      bucket += 1;
      count = 0;
    } else count = count * 10 + character - ZERO!;
  }
  return sums;
}
