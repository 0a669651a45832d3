import type { Change } from './live.js';

/** One page of the panel. */
export interface View {
  readonly element: HTMLElement;
  /** Reads what it shows, anew after each change. Rejects with what went wrong. */
  refresh(change: Change | null): Promise<void>;
}

/** What a view may ask of the page around it. */
export interface Page {
  readonly readOnly: boolean;
  /** Runs what a person asked for, then reads anew; says what went wrong. */
  act(work: () => Promise<unknown>, done: string): void;
  go(hash: string): void;
}
