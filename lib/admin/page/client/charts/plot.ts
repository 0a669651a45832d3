import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export type PlotOptions = Omit<uPlot.Options, 'width' | 'height'>;
export type PlotData = uPlot.AlignedData;

/** The plots on the page. */
const drawn = new Set<Plot>();

const redrawAll = (): void => {
  for (const plot of drawn) plot.redraw();
};
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redrawAll);
new MutationObserver(redrawAll).observe(document.documentElement, { attributeFilter: ['data-theme'] });

/** A picture drawn by uPlot, as large as its element and in the page's colours: both may change while it is shown. */
export class Plot {
  private drawing: uPlot | null = null;
  private readonly sizes: ResizeObserver;

  constructor(
    private readonly element: HTMLElement,
    private readonly options: PlotOptions,
    private data: PlotData,
  ) {
    this.sizes = new ResizeObserver(() => this.fit());
    this.sizes.observe(element);
  }

  show(data: PlotData): void {
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

  close(): void {
    this.sizes.disconnect();
    // It listens to the window for as long as it is there.
    this.drawing?.destroy();
    this.drawing = null;
    drawn.delete(this);
  }

  private fit(): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (width === 0 || height === 0) return;
    if (this.drawing) this.drawing.setSize({ width, height });
    else this.drawing = new uPlot({ ...this.options, width, height }, this.data, this.element);
    drawn.add(this);
  }
}

/** A canvas knows no custom properties: it is drawn with the colour as it is at this moment. */
export function colour(property: `--${string}`): ({ root }: uPlot) => string {
  return ({ root }) => {
    root.style.color = `var(${property})`;
    return getComputedStyle(root).color;
  };
}
