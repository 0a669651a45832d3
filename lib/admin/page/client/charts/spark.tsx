import type { JSX } from 'preact';

const HEIGHT = 20;
const STEP = 4;
const BAR = 3;
/** A single failure is to be seen beside a thousand. */
const MIN_HEIGHT = 2;

export interface SparkProps {
  /** Upon each other, the lowest first. */
  readonly series: ReadonlyArray<{ readonly kind: string; readonly values: readonly number[] }>;
  /** What a person hears who does not see it. */
  readonly label: string;
}

/** Small bars within a line. */
export function Spark({ series, label }: SparkProps): JSX.Element {
  const steps = series[0]?.values.length ?? 0;
  const sums = Array.from({ length: steps }, (_, step) =>
    series.reduce((sum, { values }) => sum + (values[step] ?? 0), 0),
  );
  const top = Math.max(1, ...sums);
  return (
    <svg
      class="spark"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${Math.max(1, steps * STEP)} ${HEIGHT}`}
      preserveAspectRatio="none"
    >
      {sums.map((_, step) => {
        let below = HEIGHT;
        return [
          <rect key="none" class="none" x={step * STEP} y={HEIGHT - 1} width={BAR} height={1} />,
          ...series.map(({ kind, values }) => {
            const value = values[step] ?? 0;
            const height = value === 0 ? 0 : Math.max(MIN_HEIGHT, (value / top) * HEIGHT);
            below = Math.max(0, below - height);
            return height > 0 && <rect key={kind} class={kind} x={step * STEP} y={below} width={BAR} height={height} />;
          }),
        ];
      })}
    </svg>
  );
}

/** Cells whose colour says how great a value is, on a scale by powers of ten: `null` where there is none. */
export function Strip({
  values,
  label,
}: {
  readonly values: ReadonlyArray<number | null>;
  readonly label: string;
}): JSX.Element {
  return (
    <svg
      class="strip"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${Math.max(1, values.length * STEP)} 1`}
      preserveAspectRatio="none"
    >
      {values.map((value, step) => (
        <rect key={step} class={`heat-${heatOf(value)}`} x={step * STEP} y={0} width={STEP - 0.5} height={1} />
      ))}
    </svg>
  );
}

/** 0: none; 1: under 100 ms; then a step for each power of ten, 5: over 100 s. */
export function heatOf(milliseconds: number | null): number {
  if (milliseconds === null) return 0;
  return Math.min(5, Math.max(1, Math.floor(Math.log10(Math.max(1, milliseconds)))));
}
