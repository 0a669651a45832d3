import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualizerOptions,
} from '@tanstack/virtual-core';
import { arrange, h } from '../dom.js';

const LINE_HEIGHT_PX = 20;
const PADDING_PX = 10;
/** Lines above and below those in sight. */
const OVERSCAN = 20;
/** Up to here, all lines are on the page: the browser's search finds them. */
const SHORT_LOG = 200;

/**
 * Lines of a log, of which those in sight are on the page: an attempt has up to 1,000, a task many attempts. Whoever
 * reads its end stays there as lines come in; whoever reads elsewhere stays where he is.
 */
export class LogList {
  private readonly rows = new Map<number, { readonly text: string; readonly element: HTMLElement }>();
  private readonly list = h('div', { role: 'list' });
  private readonly virtualizer: Virtualizer<HTMLElement, HTMLElement>;
  private lines: readonly string[] = [];
  /** Moved by keyboard too. */
  readonly element: HTMLElement;

  constructor(label: string) {
    this.element = h('div', { class: 'log', role: 'group', 'aria-label': label, tabindex: '0' }, this.list);
    this.virtualizer = new Virtualizer(this.options());
    this.element.addEventListener('keydown', (event) => this.jump(event));
  }

  show(lines: readonly string[]): void {
    this.lines = lines;
    this.virtualizer.setOptions(this.options());
    this.render();
    // After the list has its new height: it may be scrolled to its end.
    this.virtualizer._willUpdate();
  }

  private options(): VirtualizerOptions<HTMLElement, HTMLElement> {
    const { length } = this.lines;
    return {
      count: length,
      overscan: length <= SHORT_LOG ? SHORT_LOG : OVERSCAN,
      getScrollElement: () => this.element,
      estimateSize: () => LINE_HEIGHT_PX,
      paddingStart: PADDING_PX,
      paddingEnd: PADDING_PX,
      anchorTo: 'end',
      followOnAppend: true,
      scrollEndThreshold: LINE_HEIGHT_PX,
      observeElementRect,
      observeElementOffset,
      scrollToFn: elementScroll,
      onChange: () => this.render(),
    };
  }

  /** The browser would glide there, past lines whose height is not known yet, and stop where one is found to be higher. */
  private jump(event: KeyboardEvent): void {
    if (event.shiftKey || (event.key !== 'Home' && event.key !== 'End')) return;
    event.preventDefault();
    if (event.key === 'End') this.virtualizer.scrollToEnd();
    else this.virtualizer.scrollToOffset(0);
  }

  private render(): void {
    const items = this.virtualizer.getVirtualItems();
    const shown = new Set(items.map(({ index }) => index));
    for (const index of this.rows.keys()) if (!shown.has(index)) this.rows.delete(index);
    const made: HTMLElement[] = [];
    const elements = items.map(({ index, start }) => {
      const element = this.rowOf(index, made);
      element.style.transform = `translateY(${start}px)`;
      element.ariaSetSize = String(this.lines.length);
      return element;
    });
    this.list.style.height = `${this.virtualizer.getTotalSize()}px`;
    arrange(this.list, elements);
    // A line that is higher than was thought moves those below it, by another call of this.
    for (const element of made) if (element.parentNode === this.list) this.virtualizer.measureElement(element);
  }

  private rowOf(index: number, made: HTMLElement[]): HTMLElement {
    const text = this.lines[index] ?? '';
    const known = this.rows.get(index);
    if (known?.text === text) return known.element;
    const attributes = { role: 'listitem', 'data-index': String(index), 'aria-posinset': String(index + 1) };
    const element = h('div', attributes, text);
    this.rows.set(index, { text, element });
    made.push(element);
    return element;
  }
}
