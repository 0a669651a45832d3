import { type CancelTimer, type Clock, whenItIs } from '../clock/index.js';

interface Entry<T> {
  readonly at: number;
  readonly what: T;
}

/** Calls back whatever has come due, by one timer however much there is. */
export class DueTimes<T> {
  /** The first that comes due first. */
  private readonly entries: Array<Entry<T>> = [];
  private cancel: CancelTimer | null = null;
  private armedFor = Infinity;

  constructor(
    private readonly clock: Clock,
    private readonly ring: (what: T) => void,
  ) {}

  add(at: number, what: T): void {
    this.entries.splice(this.placeOf(at), 0, { at, what });
    this.arm();
  }

  remove(at: number, what: T): void {
    for (let place = this.placeOf(at); this.entries[place]?.at === at; place += 1) {
      if (this.entries[place]!.what !== what) continue;
      this.entries.splice(place, 1);
      break;
    }
    if (this.entries.length === 0) this.disarm();
  }

  private arm(): void {
    const next = this.entries[0]?.at ?? Infinity;
    if (next >= this.armedFor) return;
    this.disarm();
    this.armedFor = next;
    this.cancel = whenItIs(this.clock, next, () => this.ringAll());
  }

  private ringAll(): void {
    this.armedFor = Infinity;
    this.cancel = null;
    const now = this.clock.now();
    while (this.entries.length > 0 && this.entries[0]!.at <= now) this.ring(this.entries.shift()!.what);
    this.arm();
  }

  private disarm(): void {
    this.cancel?.();
    this.cancel = null;
    this.armedFor = Infinity;
  }

  /** Of the first entry that is not due before `at`. */
  private placeOf(at: number): number {
    let [low, high] = [0, this.entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.entries[middle]!.at < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
