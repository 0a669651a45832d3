import { bars, Plot } from './plot.js';

/** Of the highest bar. A single failure is to be seen beside a thousand, and an hour without one too. */
const LOWEST = 1 / 8;
const NONE = 1 / 24;
const BAR = 1;

/**
 * A small chart within a line: bars alone.
 * @param label what a person hears who does not see it
 */
export function sparkline(values: readonly number[], label: string): HTMLElement {
  const top = Math.max(1, ...values);
  const plot = new Plot(
    'spark',
    {
      padding: [0, 0, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      axes: [{ show: false }, { show: false }],
      scales: {
        x: { time: false, range: () => [-0.5, values.length - 0.5] },
        y: { range: () => [0, top] },
      },
      series: [{}, bars('--line', BAR), bars('--bar-bad', BAR)],
    },
    [[], [], []],
  );
  const none = values.map((value) => (value === 0 ? top * NONE : null));
  const some = values.map((value) => (value === 0 ? null : Math.max(value, top * LOWEST)));
  plot.show([values.map((_, index) => index), none, some], label);
  return plot.element;
}
