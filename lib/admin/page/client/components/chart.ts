import { svg } from '../dom.js';

const WIDTH = 720;
const HEIGHT = 140;
/** Part of a step that its bar fills. */
const BAR = 0.8;

export interface Series {
  /** Class that gives the colour. */
  readonly kind: string;
  readonly values: readonly number[];
}

/**
 * Bars over time, the series upon each other.
 * @param label what a person hears who does not see it
 * @param titles of the steps, shown on hover
 */
export function barChart(series: readonly Series[], titles: readonly string[], label: string): SVGElement {
  const totals = titles.map((_, index) => series.reduce((sum, { values }) => sum + (values[index] ?? 0), 0));
  const top = Math.max(1, ...totals);
  const step = WIDTH / Math.max(1, titles.length);
  const steps = titles.map((text, index) => {
    const title = svg('title', {});
    title.textContent = text;
    const bars: SVGElement[] = [];
    let below = HEIGHT;
    for (const { values, kind } of series) {
      const height = ((values[index] ?? 0) / top) * HEIGHT;
      below -= height;
      if (height === 0) continue;
      const place = { x: String(index * step), y: String(below), width: String(step * BAR), height: String(height) };
      bars.push(svg('rect', { ...place, class: kind }));
    }
    const area = { x: String(index * step), y: '0', width: String(step), height: String(HEIGHT), class: 'area' };
    return svg('g', {}, title, svg('rect', area), ...bars);
  });
  return picture('chart', WIDTH, HEIGHT, label, steps);
}

const SPARK_HEIGHT = 24;
const SPARK_STEP = 5;

/** A small chart within a line: bars alone. */
export function sparkline(values: readonly number[], label: string): SVGElement {
  const top = Math.max(1, ...values);
  const bars = values.map((value, index) => {
    // A single failure is to be seen beside a thousand.
    const height = value === 0 ? 1 : Math.max(3, (value / top) * SPARK_HEIGHT);
    const place = { x: String(index * SPARK_STEP), y: String(SPARK_HEIGHT - height), height: String(height) };
    return svg('rect', { ...place, width: String(SPARK_STEP - 1), class: value === 0 ? 'none' : 'failed' });
  });
  return picture('spark', values.length * SPARK_STEP, SPARK_HEIGHT, label, bars);
}

function picture(kind: string, width: number, height: number, label: string, parts: readonly Node[]): SVGElement {
  const viewBox = `0 0 ${width} ${height}`;
  return svg('svg', { viewBox, role: 'img', 'aria-label': label, class: kind, preserveAspectRatio: 'none' }, ...parts);
}
