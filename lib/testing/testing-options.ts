/**
 * When tasks run. `manual`: when the test says so; `inline`: within the call that enqueues them; `live`: by workers, in real
 * time, as in the app.
 */
export type TestingMode = 'manual' | 'inline' | 'live';

/** What becomes of attempts that fail while the test has tasks run: the first is thrown, or all are in the answer alone. */
export type FailureMode = 'throw' | 'collect';

/** Options of `TasksTestingModule.forRoot`. */
export interface TasksTestingOptions {
  /** @default 'manual' */
  mode?: TestingMode;
  /**
   * Where the clock of the stores stands at first. Not for `live`, where it is the machine's.
   * @default the machine's time, whatever fake timers say
   */
  now?: Date | number;
  /** @default 'throw' */
  failures?: FailureMode;
}

/** Options of `drain` and `advance`. */
export interface DrainOptions {
  /** One of several stores alone. */
  store?: string;
  /** @default that of `TasksTestingModule.forRoot`, which is 'throw' */
  failures?: FailureMode;
  /**
   * Most attempts that may follow those that were due: where there are more, tasks enqueue each other for ever.
   * @default 1000
   */
  limit?: number;
}
