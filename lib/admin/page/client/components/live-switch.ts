import { h } from '../dom.js';

/** Whether the page follows changes; while it does not, it says so, and reads anew when it does again. */
export class LiveSwitch {
  private live = true;
  private missed = false;
  readonly element = h(
    'button',
    { type: 'button', class: 'live', 'aria-pressed': 'true', onclick: () => this.toggle() },
    'Live',
  );

  constructor(private readonly catchUp: () => void) {}

  get isLive(): boolean {
    return this.live;
  }

  /** Runs `show` if the page follows changes. */
  follow(show: () => void): void {
    if (this.live) show();
    else {
      this.missed = true;
      this.element.textContent = 'Held: news';
    }
  }

  toggle(): void {
    this.live = !this.live;
    this.element.setAttribute('aria-pressed', String(this.live));
    this.element.textContent = this.live ? 'Live' : 'Held';
    if (this.live && this.missed) this.catchUp();
    this.missed = false;
  }
}
