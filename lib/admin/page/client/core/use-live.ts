import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../api.js';
import { hasNews, isLive, onChange, type Change } from './live.js';

/** However many changes come, something is read anew at most this often because of them. */
const MIN_INTERVAL_MS = 1_000;
/** A read that takes the app long is made seldom: it waits for so many times as long as the last one took. */
const PAUSE_PER_READ = 5;

export interface Live<T> {
  /** Null before it was read. */
  readonly data: T | null;
  /** Why the last reading failed; null where it did not. */
  readonly error: ApiError | null;
  /** Reads at once. */
  readonly again: () => Promise<void>;
}

export interface LiveOptions {
  /** Time between two readings because of changes, in milliseconds. Default: a second. */
  readonly every?: number;
  /** Whether a change is none of this. Default: each may be. */
  readonly skip?: (change: Change) => boolean;
}

/**
 * What the app answers, read when it is first shown and anew after changes: once at a time, once for any number of changes
 * that came meanwhile, and not while nobody sees the page. The last change is always shown.
 * @param key of the question: another one is another answer
 */
export function useLive<T>(
  key: string,
  read: (change: Change | null) => Promise<T>,
  options: LiveOptions = {},
): Live<T> {
  const [state, setState] = useState<{ key: string; data: T | null; error: ApiError | null }>({
    key,
    data: null,
    error: null,
  });
  const asked = useRef({ read, options });
  asked.current = { read, options };
  const again = useRef<() => Promise<void>>(() => Promise.resolve());
  useEffect(() => {
    const reader = new Reader(
      (change) => asked.current.read(change),
      () => asked.current.options,
      (data) => setState({ key, data, error: null }),
      (error) => setState((before) => ({ key, data: before.key === key ? before.data : null, error })),
    );
    again.current = () => reader.now();
    void reader.now();
    const end = onChange((change) => (change === null ? void reader.now() : reader.soon(change)));
    return () => {
      end();
      reader.stop();
    };
  }, [key]);
  const isCurrent = state.key === key;
  return { data: isCurrent ? state.data : null, error: isCurrent ? state.error : null, again: () => again.current() };
}

class Reader<T> {
  private running: Promise<void> | null = null;
  private timer = 0;
  private readonly begun = performance.now();
  private finishedAt = 0;
  private took = 0;
  private change: Change | null = null;
  private isWanted = false;
  private isStopped = false;
  private readonly onSeen = (): void => this.wake();

  constructor(
    private readonly read: (change: Change | null) => Promise<T>,
    private readonly options: () => LiveOptions,
    private readonly onData: (data: T) => void,
    private readonly onError: (error: ApiError) => void,
  ) {
    document.addEventListener('visibilitychange', this.onSeen);
  }

  soon(change: Change): void {
    if (this.options().skip?.(change)) return;
    this.change = change;
    this.isWanted = true;
    this.wake();
  }

  async now(): Promise<void> {
    await this.running;
    if (this.isStopped) return;
    this.change = null;
    await this.run();
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
    document.removeEventListener('visibilitychange', this.onSeen);
  }

  private wake(): void {
    if (!this.isWanted || this.timer !== 0 || this.running || document.hidden || this.isStopped) return;
    const pause = Math.max(this.options().every ?? MIN_INTERVAL_MS, this.took * PAUSE_PER_READ);
    const wait = Math.max(0, (this.finishedAt || this.begun) + pause - performance.now());
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      // It may have been asked to hold what is shown meanwhile.
      if (isLive.value) void this.run();
      else hasNews.value = true;
    }, wait);
  }

  private run(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = 0;
    if (this.running) return this.running;
    const { change } = this;
    this.change = null;
    this.isWanted = false;
    const startedAt = performance.now();
    this.running = this.read(change)
      .then(
        (data) => !this.isStopped && this.onData(data),
        (error: unknown) => !this.isStopped && this.onError(asApiError(error)),
      )
      .then(() => {
        this.running = null;
        this.finishedAt = performance.now();
        this.took = this.finishedAt - startedAt;
        this.wake();
      });
    return this.running;
  }
}

function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(-1, error instanceof Error ? error.message : String(error));
}
