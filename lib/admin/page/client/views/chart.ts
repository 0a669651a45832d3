const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 720;
const HEIGHT = 140;

export interface Series {
  readonly label: string;
  /** Class that gives the colour. */
  readonly kind: string;
  readonly values: readonly number[];
}

function svg(tag: string, attributes: Readonly<Record<string, string>>, ...children: readonly Node[]): SVGElement {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
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
      const place = { x: String(index * step), y: String(below), width: String(step * 0.85), height: String(height) };
      bars.push(svg('rect', { ...place, class: kind }));
    }
    const area = { x: String(index * step), y: '0', width: String(step), height: String(HEIGHT), class: 'area' };
    return svg('g', {}, title, svg('rect', area), ...bars);
  });
  const viewBox = `0 0 ${WIDTH} ${HEIGHT}`;
  return svg(
    'svg',
    { viewBox, role: 'img', 'aria-label': label, class: 'chart', preserveAspectRatio: 'none' },
    ...steps,
  );
}
