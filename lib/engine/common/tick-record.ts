import type { Schedule } from '../../contract/index.js';
import type { EngineContext } from '../port/index.js';
import type { DueTicks } from './ticks.js';

type NextRun = EngineContext['nextRun'];

/** From the first time on, and before the second. */
type Span = readonly [from: number, before: number];

/**
 * Which ticks of a schedule have been dealt with, so that a clock which is set back runs none twice, and those that a clock
 * which was ahead has passed over.
 */
export interface TickRecord {
  /** Every tick before this time has been dealt with, save those in `passedOver`; null: none has. */
  readonly until: number | null;
  /** Ticks that came due together with later ones and had no run, the earliest first. */
  readonly passedOver: readonly Span[];
}

export const NO_TICKS: TickRecord = { until: null, passedOver: [] };

/** Spans that are kept: of more, the shortest is forgotten. */
const MAX_SPANS = 8;
/** How long after its end a span is kept: no clock is expected to be wrong by more. */
const KEPT_FOR_MS = 24 * 3_600_000;

/** As `nextRun`, without the ticks that have been dealt with. */
export function openTicks(record: TickRecord, nextRun: NextRun): NextRun {
  return (schedule, after) => {
    let tick = nextRun(schedule, after);
    while (tick !== null && !isOpen(record, tick)) tick = nextRun(schedule, reopening(record, tick) - 1);
    return tick;
  };
}

export function isOpen({ until, passedOver }: TickRecord, tick: number): boolean {
  return until === null || tick >= until || passedOver.some(([from, before]) => from <= tick && tick < before);
}

/** The record when the ticks that are due have been dealt with, where `first` is the oldest of them. */
export function recordOf(
  schedule: Schedule,
  before: TickRecord,
  first: number,
  { runs, last }: Pick<DueTicks, 'runs' | 'last'>,
  nextRun: NextRun,
): TickRecord {
  const ran = runs[0] ?? last + 1;
  const begin = before.until ?? first;
  const later = before.passedOver.flatMap(([from, end]): Span[] => [
    [from, Math.min(end, ran)],
    [Math.max(from, last + 1), end],
  ]);
  const spans = [...later, [begin, ran] as const].filter(([from, end]) => {
    const tick = from < end && end > last - KEPT_FOR_MS ? nextRun(schedule, from - 1) : null;
    return tick !== null && tick < end;
  });
  return { until: Math.max(begin, last + 1), passedOver: longest(spans) };
}

/** A schedule as it is planned. */
export interface PlannedSchedule extends Schedule {
  readonly nextRunAt: number | null;
  readonly record: TickRecord;
}

/** The open tick that comes before the one that is planned, by a clock that shows `now`; null where none does. */
export function tickBefore(planned: PlannedSchedule, now: number, nextRun: NextRun): number | null {
  const { nextRunAt, record } = planned;
  if (nextRunAt === null || nextRunAt <= now) return null;
  const tick = openTicks(record, nextRun)(planned, now);
  return tick !== null && tick < nextRunAt ? tick : null;
}

/** Where the ticks go on that are open; there is such a time wherever `tick` is not. */
function reopening({ until, passedOver }: TickRecord, tick: number): number {
  return Math.min(until!, ...passedOver.map(([from]) => from).filter((from) => from > tick));
}

function longest(spans: readonly Span[]): readonly Span[] {
  const kept = spans.toSorted(([a, b], [c, d]) => d - c - (b - a)).slice(0, MAX_SPANS);
  return kept.toSorted(([from], [other]) => from - other);
}
