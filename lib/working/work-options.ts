import { isObject, parseDuration, shownValue } from '../checks/index.js';
import { type Duration, InvalidArgumentError } from '../contract/index.js';

/** As long as a timer of Node can be, some 24 days. */
const MAX_GRACE_MS = 2 ** 31 - 1;

/** How long the tasks that run are waited for. */
export interface DrainWorkersOptions {
  /**
   * Then their signals are aborted, and they have five seconds more.
   * @default the module's `shutdownGrace`
   */
  timeout?: Duration;
}

/** Until when a process works. */
export interface WorkOptions {
  /** `idle`: nothing is due, and nothing runs here. */
  until: 'idle';
  /**
   * Then no task begins any more, and those that run have the module's `shutdownGrace`.
   * @default none
   */
  timeout?: Duration;
}

/** What came of `work()`. */
export interface WorkReport {
  /** Whether nothing was due at its end; false where the time was over, or the app was closed. */
  readonly idle: boolean;
  /** Attempts that ended here, however. */
  readonly ran: number;
  /** Of them, those after which a task has failed for good. */
  readonly failed: number;
}

/** @returns milliseconds; null: no limit @throws InvalidArgumentError */
export function checkWorkOptions(options: WorkOptions): number | null {
  const { until, timeout, ...others } = checkIsObject<Partial<WorkOptions>>(options ?? {}, '{ until: "idle" }');
  refuseOthers(others, 'until, timeout');
  if (until !== 'idle') throw new InvalidArgumentError('until', 'until must be "idle": work({ until: "idle" }).');
  return timeout === undefined ? null : parseDuration(timeout, 'timeout');
}

/** @returns milliseconds @throws InvalidArgumentError */
export function checkDrainOptions(options: DrainWorkersOptions, otherwise: number): number {
  const { timeout, ...others } = checkIsObject<DrainWorkersOptions>(options ?? {}, '{ timeout: "30s" }');
  refuseOthers(others, 'timeout');
  return timeout === undefined ? otherwise : Math.min(parseDuration(timeout, 'timeout'), MAX_GRACE_MS);
}

/** A text or a promise has no options, and would pass for none at all. */
function checkIsObject<Options extends object>(options: Options, example: string): Options {
  if (isObject(options)) return options;
  throw new InvalidArgumentError(
    'options',
    `The options must be an object, such as ${example}, not ${shownValue(options)}.`,
  );
}

function refuseOthers(others: object, known: string): void {
  const [unknown] = Object.keys(others);
  if (unknown === undefined) return;
  throw new InvalidArgumentError(unknown, `There is no option "${unknown}". Known: ${known}.`);
}
