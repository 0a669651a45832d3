import type { EngineInfo, Queue } from './api-types.js';
import type { Change } from './connection.js';

/** One page of the panel. */
export interface View {
  /** In the title of the browser's tab. */
  readonly title: string;
  readonly element: HTMLElement;
  /** Reads what it shows, anew after each change. Rejects with what went wrong. */
  refresh(change: Change | null): Promise<void>;
}

/** What a view may ask of the page around it. */
export interface Page {
  readonly readOnly: boolean;
  /** What stands behind the API; asked for once. */
  engine(): Promise<EngineInfo>;
  /** The queues as they are now: those of the change where there is one. */
  queues(change: Change | null): Promise<readonly Queue[]>;
  /** Whether the queue belongs to another program, as far as the queues were read. */
  isForeign(queue: string): boolean;
  /**
   * Runs what a person asked for, says what came of it and reads anew, or goes on to another page.
   * @param done said when it went well, and how it went where that is not known before
   * @param next hash of the page to go to then
   */
  act<T>(work: () => Promise<T>, done: string | ((result: T) => string), next?: string): void;
  go(hash: string): void;
}
