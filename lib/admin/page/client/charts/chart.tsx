import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { colour, Plot, type PlotData, type PlotOptions } from './plot.js';

/** Part of a step that its bar fills. */
const BAR = 0.9;
/** So many steps leave no room between their bars. */
const THIN = 150;
const FONT = '12px system-ui, sans-serif';
const DAY_S = 86_400;
/** From here on, the axis tells days, not hours. */
const LONG_S = 2 * DAY_S;
const DAY_STEPS = [1, 2, 7].map((days) => days * DAY_S);
const HOUR_STEPS = [60, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200];
const TIP_GAP = 8;
/** The charts of a page point at the same moment. */
const SYNC = 'page';

const hours = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const days = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

export interface Series {
  readonly label: string;
  readonly colour: `--${string}`;
  readonly values: ReadonlyArray<number | null>;
}

export interface Drawing {
  /** Bars stand upon each other, the first below; lines on a scale by powers of ten. */
  readonly kind: 'bars' | 'lines';
  readonly series: readonly Series[];
  /** Beginnings of the steps, in UTC milliseconds. */
  readonly times: readonly number[];
  /** Length of a step in milliseconds. */
  readonly step: number;
  /** The text about each step, shown by pointer or by arrow keys. */
  readonly titles: readonly string[];
  readonly format: (value: number) => string;
  /** Moments that are marked, in UTC milliseconds. */
  readonly marks?: ReadonlyArray<{ readonly at: number; readonly label: string }>;
}

export interface ChartProps {
  readonly drawing: Drawing;
  /** What a person hears who does not see it. */
  readonly label: string;
  /** A bar was pressed, or a span of time drawn over: from the one moment to before the other. */
  readonly onPick?: (from: number, to: number) => void;
}

/** Values over time. */
export function Chart({ drawing, label, onPick }: ChartProps): JSX.Element {
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const now = useRef({ drawing, onPick });
  now.current = { drawing, onPick };
  const [tip, setTip] = useState<{ step: number; left: number; width: number } | null>(null);
  const data = dataOf(drawing);
  const form = `${drawing.times.length > THIN} ${drawing.kind} ${drawing.series.map(({ label: name, colour: of }) => `${name} ${of}`).join()}`;

  useEffect(() => {
    const made = new Plot(
      element.current!,
      optionsOf(() => now.current, setTip),
      dataOf(now.current.drawing),
    );
    plot.current = made;
    return () => made.close();
  }, [form]);
  useEffect(() => plot.current?.show(data));

  const last = drawing.titles.length - 1;
  const move = (event: KeyboardEvent): void => {
    const step = tip?.step;
    const targets: Readonly<Record<string, number | null>> = {
      ArrowLeft: Math.max(0, (step ?? last + 1) - 1),
      ArrowRight: Math.min(last, (step ?? -1) + 1),
      Home: 0,
      End: last,
      Escape: null,
    };
    if (event.key === 'Enter' && step !== undefined && onPick)
      onPick(drawing.times[step]!, drawing.times[step]! + drawing.step);
    const target = targets[event.key];
    if (target === undefined) return;
    event.preventDefault();
    plot.current?.point(target);
  };
  const isRight = tip !== null && tip.left > tip.width / 2;
  const place =
    tip === null
      ? {}
      : isRight
        ? { right: `${tip.width - tip.left + TIP_GAP}px` }
        : { left: `${tip.left + TIP_GAP}px` };
  return (
    <div class="plot">
      <div
        ref={element}
        class={`chart ${onPick ? 'can-pick' : ''}`}
        role="img"
        aria-label={label}
        tabIndex={0}
        onKeyDown={move}
        onBlur={() => plot.current?.point(null)}
      />
      <div class="tip" role="status" hidden={tip === null} style={place}>
        {tip !== null && drawing.titles[tip.step]}
      </div>
    </div>
  );
}

type Now = () => { readonly drawing: Drawing; readonly onPick?: ((from: number, to: number) => void) | undefined };

function optionsOf(now: Now, setTip: (tip: { step: number; left: number; width: number } | null) => void): PlotOptions {
  const { kind, series, times } = now().drawing;
  const axis = { stroke: colour('--quiet'), font: FONT, ticks: { show: false } };
  const isBars = kind === 'bars';
  return {
    // Half of the last label of the axis stands at its right.
    padding: [10, 18, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false, dist: 5 },
      sync: { key: SYNC, setSeries: false },
    },
    scales: {
      x: { range: ({ data: [moments] }) => withHalfSteps(moments) },
      y: isBars ? { range: (_, __, max) => [0, Math.max(1, max ?? 0) * 1.05] } : { distr: 3, log: 10, range: logRange },
    },
    axes: [
      {
        ...axis,
        size: 26,
        gap: 6,
        space: 64,
        grid: { show: false },
        incrs: (_, __, min, max) => (max - min > LONG_S ? DAY_STEPS : HOUR_STEPS),
        values: ({ scales: { x } }, splits) => {
          const format = x!.max! - x!.min! > LONG_S ? days : hours;
          return splits.map((at) => format.format(at * 1_000));
        },
      },
      {
        ...axis,
        size: (_, texts) => 12 + 7 * Math.max(2, ...(texts ?? []).map((text) => text?.length ?? 0)),
        gap: 6,
        space: 26,
        grid: { stroke: colour('--line'), width: 1 },
        ...(!isBars && { splits: (_: uPlot, __: number, min: number, max: number) => powersOfTen(min, max) }),
        values: (_, splits) =>
          splits.map((value) =>
            value === null
              ? ''
              : value === 0
                ? '0'
                : Number.isInteger(value) || !isBars
                  ? now().drawing.format(value)
                  : '',
          ),
      },
    ],
    series: [
      {},
      ...(isBars ? series.toReversed() : series).map(({ colour: of }): uPlot.Series =>
        isBars
          ? {
              fill: colour(of),
              width: 0,
              paths: uPlot.paths.bars!({ size: [BAR], gap: times.length > THIN ? 0 : 1 }),
              points: { show: false },
            }
          : { stroke: colour(of), width: 1.5, spanGaps: true, points: { show: isLonely, size: 6, fill: colour(of) } },
      ),
    ],
    hooks: {
      draw: [(drawn) => drawMarks(drawn, now().drawing.marks ?? [])],
      setCursor: [
        ({ cursor: { idx, left = -1 }, over, root }) =>
          setTip(
            left < 0 || idx === null || idx === undefined
              ? null
              : { step: idx, left: over.offsetLeft + left, width: root.clientWidth },
          ),
      ],
      setSelect: [
        (drawn) => {
          const { left, width } = drawn.select;
          if (width > 0) now().onPick?.(drawn.posToVal(left, 'x') * 1_000, drawn.posToVal(left + width, 'x') * 1_000);
          if (width > 0) drawn.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      ready: [
        (drawn) =>
          drawn.over.addEventListener('click', () => {
            const { drawing, onPick } = now();
            const { idx } = drawn.cursor;
            if (typeof idx === 'number') onPick?.(drawing.times[idx]!, drawing.times[idx]! + drawing.step);
          }),
      ],
    },
  };
}

/** One value alone makes no line: it is a dot, as in the first minutes of a store. */
function isLonely({ data }: uPlot, series: number): boolean {
  return Array.from<number | null | undefined>(data[series]!).filter((value) => typeof value === 'number').length === 1;
}

function drawMarks({ ctx, bbox, valToPos, root }: uPlot, marks: NonNullable<Drawing['marks']>): void {
  ctx.save();
  ctx.strokeStyle = colour('--quiet')({ root } as uPlot);
  ctx.setLineDash([4, 4]);
  for (const { at } of marks) {
    const x = Math.round(valToPos(at / 1_000, 'x', true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

/** Each series of bars with those below it: the highest is drawn first, and those below over it. */
function dataOf({ kind, series, times, step }: Drawing): PlotData {
  const middles = times.map((at) => (at + step / 2) / 1_000);
  if (kind === 'lines')
    return [
      middles,
      ...series.map(({ values }) => values.map((value) => (value === null ? null : Math.max(1, value)))),
    ];
  const sums = times.map(() => 0);
  const layers = series.map(({ values }) => values.map((value, index) => (sums[index]! += value ?? 0)));
  return [middles, ...layers.toReversed()];
}

/** The bars of the first step and of the last are seen whole. */
function withHalfSteps(moments: ArrayLike<number>): [number, number] {
  const [first = 0, last = first] = [moments[0], moments[moments.length - 1]];
  const half = (moments.length > 1 ? (last - first) / (moments.length - 1) : 60) / 2;
  return [first - half, last + half];
}

/** Whole powers of ten, so that lines on the axis are round. */
function logRange(_: uPlot, min: number | null, max: number | null): [number, number] {
  const [low, high] = [Math.max(1, min ?? 1), Math.max(10, max ?? 10)];
  return [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high))];
}

function powersOfTen(min: number, max: number): number[] {
  const [low, high] = [Math.ceil(Math.log10(min)), Math.floor(Math.log10(max))];
  return Array.from({ length: Math.max(0, high - low + 1) }, (_, index) => 10 ** (low + index));
}
