import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { h } from '../dom.js';

export type PlotOptions = Omit<uPlot.Options, 'width' | 'height'>;
export type PlotData = uPlot.AlignedData;

/** Those on the page. */
const drawn = new Set<Plot>();

const redrawAll = (): void => {
  for (const plot of drawn) plot.redraw();
};
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redrawAll);
new MutationObserver(redrawAll).observe(document.documentElement, { attributeFilter: ['data-theme'] });

/** A picture drawn by uPlot, as large as its element and in the page's colours: both may change while it is shown. */
export class Plot {
  private drawing: uPlot | null = null;
  readonly element: HTMLElement;

  /**
   * @param kind class of the element, which gives its size
   * @param data replaced by `show`
   */
  constructor(
    kind: string,
    private readonly options: PlotOptions,
    private data: PlotData,
  ) {
    this.element = h('div', { class: kind, role: 'img' });
    // Told too when the element is put on the page, and when it is taken from it.
    new ResizeObserver(() => this.fit()).observe(this.element);
  }

  /** @param label what a person hears who does not see it */
  show(data: PlotData, label: string): void {
    if (this.element.ariaLabel !== label) this.element.ariaLabel = label;
    if (JSON.stringify(data) === JSON.stringify(this.data)) return;
    this.data = data;
    this.drawing?.setData(data);
  }

  redraw(): void {
    // With its paths, which hold on to the colours they were made in.
    this.drawing?.redraw();
  }

  /** Reads the values of a step as if the pointer were there; of none if it is null. */
  point(step: number | null): void {
    const moment = step === null ? undefined : this.data[0][step];
    const left = moment === undefined ? -1 : (this.drawing?.valToPos(moment, 'x') ?? -1);
    this.drawing?.setCursor({ left, top: left < 0 ? -1 : 0 });
  }

  private fit(): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (width === 0 || height === 0) {
      // It listens to the window for as long as it is there.
      this.drawing?.destroy();
      this.drawing = null;
      drawn.delete(this);
      return;
    }
    if (this.drawing) this.drawing.setSize({ width, height });
    else this.drawing = new uPlot({ ...this.options, width, height }, this.data, this.element);
    drawn.add(this);
  }
}

/** What a canvas, which knows no custom properties, is drawn with: the colour as it is at this moment. */
export function colour(property: `--${string}`): ({ root }: uPlot) => string {
  return ({ root }) => {
    root.style.color = `var(${property})`;
    return getComputedStyle(root).color;
  };
}

/** Bars that fill a part of their step, less a pixel between them. */
export function bars(property: `--${string}`, part: number): uPlot.Series {
  return {
    fill: colour(property),
    width: 0,
    paths: uPlot.paths.bars!({ size: [part], gap: 1 }),
    points: { show: false },
  };
}
