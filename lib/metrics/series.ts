import type { Family, Labels } from './exposition.js';

/** Upper bounds of the buckets of a histogram, in seconds. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 3_600] as const;

/** Numbers by their labels. */
export class Numbers {
  private readonly values = new Map<string, { readonly labels: Labels; value: number }>();

  add(labels: Labels, more: number): void {
    const key = JSON.stringify(labels);
    const known = this.values.get(key);
    if (known) known.value += more;
    else this.values.set(key, { labels, value: more });
  }

  get samples(): Family['samples'] {
    return [...this.values.values()];
  }
}

interface Observed {
  readonly labels: Labels;
  readonly buckets: number[];
  sum: number;
  count: number;
}

/** Histograms of seconds by their labels. */
export class Histograms {
  private readonly observed = new Map<string, Observed>();

  observe(labels: Labels, seconds: number): void {
    const key = JSON.stringify(labels);
    let one = this.observed.get(key);
    if (!one) this.observed.set(key, (one = { labels, buckets: BOUNDS.map(() => 0), sum: 0, count: 0 }));
    const bucket = BOUNDS.findIndex((bound) => seconds <= bound);
    if (bucket >= 0) one.buckets[bucket]! += 1;
    one.sum += seconds;
    one.count += 1;
  }

  get samples(): Family['samples'] {
    return [...this.observed.values()].flatMap(({ labels, buckets, sum, count }) => {
      let below = 0;
      const cumulated = BOUNDS.map((bound, index) => {
        below += buckets[index]!;
        return { suffix: '_bucket', labels: { ...labels, le: String(bound) }, value: below };
      });
      return [
        ...cumulated,
        { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: count },
        { suffix: '_sum', labels, value: sum },
        { suffix: '_count', labels, value: count },
      ];
    });
  }
}
