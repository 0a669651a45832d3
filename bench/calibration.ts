import type { ContestantInfo } from './contestant.js';

/** How many tasks a round of a contestant has, so that it takes about `seconds`: learnt from the rounds before. */
export class Calibration {
  private readonly counts = new Map<string, number>();

  constructor(
    private readonly seconds: number,
    private readonly first: number,
    private readonly most = 500_000,
  ) {}

  count({ name }: ContestantInfo, multipleOf = 1): number {
    const count = this.counts.get(name) ?? this.first;
    return Math.max(multipleOf, Math.ceil(count / multipleOf) * multipleOf);
  }

  /** Resolves `rate`, tasks a second, into the size of the next round, and returns it. */
  learn({ name }: ContestantInfo, rate: number): number {
    this.counts.set(name, Math.round(Math.min(this.most, Math.max(20, rate * this.seconds))));
    return rate;
  }
}
