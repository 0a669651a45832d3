import type uPlot from 'uplot';
import { h } from '../dom.js';
import { bars, colour, Plot, type PlotData } from './plot.js';

const COLOURS = { completed: '--bar-good', failed: '--bar-bad', half: '--bar-half', most: '--bar-most' } as const;
export type BarKind = keyof typeof COLOURS;

/** Part of a step that its bar fills. */
const BAR = 0.9;
const FONT = '12px system-ui, sans-serif';
const DAY_S = 86_400;
/** From here on, the axis tells days, not hours. */
const LONG_S = 2 * DAY_S;
const DAY_STEPS = [1, 2, 7].map((days) => days * DAY_S);
const HOUR_STEPS = [60, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200];
const TIP_GAP = 8;

const hours = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const days = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

export interface Bars {
  readonly kind: BarKind;
  readonly values: readonly number[];
}

/** How values stand on the axis. */
export interface Scale {
  readonly format: (value: number) => string;
  /** Between two lines, one of these; in growing order. */
  readonly steps: readonly number[];
}

export interface BarsOverTime {
  /** Upon each other, the lowest first; each time of the same kinds. */
  readonly series: readonly Bars[];
  /** Middles of the steps, in UTC milliseconds. */
  readonly times: readonly number[];
  /** What is told of each step, by pointer or by arrow keys. */
  readonly titles: readonly string[];
  readonly scale: Scale;
}

/** Bars over time, the series upon each other. */
export class BarChart {
  private readonly tip = h('div', { class: 'tip', role: 'status', hidden: true });
  private plot: Plot | null = null;
  private titles: readonly string[] = [];
  private step: number | null = null;
  readonly element = h('div', { class: 'plot' });

  /** @param label what a person hears who does not see it */
  show(drawing: BarsOverTime, label: string): void {
    this.titles = drawing.titles;
    const data = stacked(drawing);
    if (!this.plot) {
      this.plot = this.plotOf(drawing, data);
      this.element.append(this.plot.element, this.tip);
    }
    this.plot.show(data, label);
    if (this.step !== null) this.tip.textContent = this.titles[this.step] ?? '';
  }

  private plotOf({ series, scale }: BarsOverTime, data: PlotData): Plot {
    const axis = { stroke: colour('--quiet'), font: FONT, ticks: { show: false } };
    const plot = new Plot(
      'chart',
      {
        padding: [8, 4, 0, 0],
        legend: { show: false },
        cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
        scales: {
          x: { range: ({ data: [moments] }) => withHalfSteps(moments) },
          y: { range: (_, __, max) => [0, Math.max(1, max ?? 0) * 1.05] },
        },
        axes: [
          {
            ...axis,
            size: 28,
            gap: 8,
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
            size: (_, texts) => 12 + 7 * Math.max(2, ...(texts ?? []).map((text) => text.length)),
            gap: 6,
            space: 28,
            grid: { stroke: colour('--line'), width: 1 },
            incrs: [...scale.steps],
            values: (_, splits) => splits.map((value) => (value === 0 ? '0' : scale.format(value))),
          },
        ],
        series: [{}, ...series.toReversed().map(({ kind }) => bars(COLOURS[kind], BAR))],
        hooks: { setCursor: [(drawn) => this.tell(drawn)] },
      },
      data,
    );
    plot.element.tabIndex = 0;
    plot.element.addEventListener('keydown', (event) => this.move(event, plot));
    plot.element.addEventListener('blur', () => plot.point(null));
    return plot;
  }

  /** The values where the pointer is, beside it. */
  private tell({ cursor, over }: uPlot): void {
    const { idx, left = -1 } = cursor;
    this.step = left < 0 ? null : (idx ?? null);
    this.tip.hidden = this.step === null;
    if (this.step === null) return;
    this.tip.textContent = this.titles[this.step] ?? '';
    const place = over.offsetLeft + left;
    const isRight = left > over.clientWidth / 2;
    this.tip.style.left = isRight ? 'auto' : `${place + TIP_GAP}px`;
    this.tip.style.right = isRight ? `${this.element.clientWidth - place + TIP_GAP}px` : 'auto';
  }

  private move(event: KeyboardEvent, plot: Plot): void {
    const last = this.titles.length - 1;
    const now = this.step;
    const targets: Readonly<Record<string, number | null>> = {
      ArrowLeft: Math.max(0, (now ?? last + 1) - 1),
      ArrowRight: Math.min(last, (now ?? -1) + 1),
      Home: 0,
      End: last,
      Escape: null,
    };
    const target = targets[event.key];
    if (target === undefined) return;
    event.preventDefault();
    plot.point(target);
  }
}

/** Each series with those below it: the highest is drawn first, and those below over it. */
function stacked({ series, times }: BarsOverTime): PlotData {
  const sums = times.map(() => 0);
  const layers = series.map(({ values }) => values.map((value, index) => (sums[index]! += value)));
  return [times.map((at) => at / 1_000), ...layers.toReversed()];
}

/** The bars of the first step and of the last are seen whole. */
function withHalfSteps(moments: ArrayLike<number>): [number, number] {
  const [first = 0, last = first] = [moments[0], moments[moments.length - 1]];
  const half = (moments.length > 1 ? (last - first) / (moments.length - 1) : 60) / 2;
  return [first - half, last + half];
}
