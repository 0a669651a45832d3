import type { JSX, TargetedMouseEvent } from 'preact';
import { count, countOf, duration, exact } from '../format.js';
import type { Spread } from './spread.js';

const CELL = 10;
/** So few times would be bars across the whole height. */
const MIN_ROWS = 6;

/** How the times of tasks are spread: a column for each stretch of time, a row for each power of two, the longest on top. */
export function HeatMap({
  spread,
  label,
  onPick,
}: {
  readonly spread: Spread;
  readonly label: string;
  /** A column was pressed: from the one moment to before the other. */
  readonly onPick: (from: number, to: number) => void;
}): JSX.Element {
  const { times, step, cells } = spread;
  const [first, last] = spread.buckets ?? [0, 0];
  const rows = Math.max(MIN_ROWS, last - first + 1);
  const pick = (event: TargetedMouseEvent<SVGSVGElement>): void => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    const at = times[Math.min(times.length - 1, Math.floor(((event.clientX - left) / width) * times.length))];
    if (at !== undefined) onPick(at, at + step);
  };
  return (
    <div class="heat-map">
      <div class="scale" aria-hidden="true">
        <span>{duration(2 ** (first + rows - 1))}</span>
        <span>{duration(first === 0 ? 0 : 2 ** (first - 1))}</span>
      </div>
      <svg
        role="img"
        aria-label={label}
        viewBox={`0 0 ${times.length * CELL} ${rows * CELL}`}
        preserveAspectRatio="none"
        onClick={pick}
      >
        {cells.map(({ column, bucket, count: number, heat }) => (
          <rect
            key={`${column} ${bucket}`}
            class={`heat-${heat}`}
            x={column * CELL}
            y={(rows - 1 - (bucket - first)) * CELL}
            width={CELL - 1}
            height={CELL - 1}
          >
            <title>{`${exact(times[column]!)}: ${countOf(number, 'task')} took ${rangeOf(bucket)}`}</title>
          </rect>
        ))}
      </svg>
    </div>
  );
}

/** Which times were taken most often, in words. */
export function spreadText({ cells, total }: Spread): string {
  if (total === 0) return 'nothing measured';
  const sums = new Map<number, number>();
  for (const { bucket, count: number } of cells) sums.set(bucket, (sums.get(bucket) ?? 0) + number);
  const often = [...sums].toSorted(([, one], [, other]) => other - one).slice(0, 3);
  return often.map(([bucket, number]) => `${count(number)} took ${rangeOf(bucket)}`).join(', ');
}

function rangeOf(bucket: number): string {
  return bucket === 0 ? 'less than 1ms' : `${duration(2 ** (bucket - 1))} to ${duration(2 ** bucket)}`;
}
