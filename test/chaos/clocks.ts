/** The clock of a process over a span of the steady time, in microseconds. */
interface Span {
  readonly process: string;
  readonly from: number;
  until: number;
  /** Milliseconds that it is ahead of the machine's. */
  readonly offset: number;
}

interface Anchor {
  readonly at: number;
  /** Milliseconds of the machine's clock. */
  readonly now: number;
}

/** What the clocks of the processes said, and when. */
export class Clocks {
  private readonly spans: Span[] = [];
  private readonly current = new Map<string, Span>();
  private readonly anchors: Anchor[] = [];

  /** `now`: what the machine's clock said at `at`. In the order of time. */
  set(process: string, at: number, now: number, offset: number): void {
    this.end(process, at);
    const span: Span = { process, from: at, until: Infinity, offset };
    this.spans.push(span);
    this.current.set(process, span);
    this.anchors.push({ at, now });
  }

  end(process: string, at: number): void {
    const span = this.current.get(process);
    if (!span) return;
    span.until = at;
    this.current.delete(process);
  }

  /** What the machine's clock said. */
  machine(at: number): number {
    const anchor = this.anchors.findLast((one) => one.at <= at) ?? this.anchors[0];
    return anchor ? anchor.now + (at - anchor.at) / 1_000 : 0;
  }

  /** When the machine's clock said so. */
  steady(now: number): number {
    const anchor = this.anchors.findLast((one) => one.now <= now) ?? this.anchors[0];
    return anchor ? anchor.at + (now - anchor.now) * 1_000 : 0;
  }

  /** By how much the clock that was furthest ahead was ahead of the machine's, of all processes or of one. */
  most(from: number, until: number, process?: string): number {
    return Math.max(...this.offsets(from, until, process));
  }

  least(from: number, until: number, process?: string): number {
    return Math.min(...this.offsets(from, until, process));
  }

  private offsets(from: number, until: number, process?: string): number[] {
    const spans = this.spans.filter((span) => span.from <= until && span.until >= from);
    const own = process === undefined ? spans : spans.filter((span) => span.process === process);
    return own.length === 0 ? [0] : own.map(({ offset }) => offset);
  }
}
