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
  /**
   * Runs what a person asked for, says what came of it and reads anew, or goes on to another page.
   * @param done said when it went well, and how it went where that is not known before
   * @param next hash of the page to go to then
   */
  act<T>(work: () => Promise<T>, done: string | ((result: T) => string), next?: string): void;
  go(hash: string): void;
}
