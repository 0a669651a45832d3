import { Cron } from 'croner';
import { parseDuration } from '../checks/index.js';
import type { Schedule } from '../contract/index.js';
import { asPeerReads } from './peer-fields.js';

/** The facts that decide when a schedule ticks. */
export type ScheduleTiming = Pick<Schedule, 'expression' | 'timeZone' | 'utcOffset'>;

/** Gives the first tick after a time, in UTC milliseconds; null: never again. */
type Timetable = (after: number) => number | null;

/** Compiling costs more than asking, and a process has few schedules; runtime ones come and go, hence a bound. */
const MAX_CACHED_TIMETABLES = 1_000;

const timetables = new Map<string, Timetable>();

/** Short names that the `cron` package knows beyond those of croner (`@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`, `@midnight`, `@hourly`). */
const PRESETS: Readonly<Record<string, string>> = {
  '@minutely': '0 * * * * *',
  '@secondly': '* * * * * *',
  '@weekdays': '0 0 * * 1-5',
  '@weekends': '0 0 * * 0,6',
};

/** `@every 45m`: an interval that no field could say. */
const INTERVAL = /^@every\s+(?<duration>.+)$/i;
const MIN_INTERVAL_MS = 1_000;

const ISO_DATE =
  /^(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})(?:[T ](?<time>\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(?<zone>Z|[+-]\d{2}:?\d{2})?)?$/i;

/**
 * The first time after `after` that a schedule ticks.
 *
 * Daylight-saving changes: a fixed time that is skipped in spring runs at the moment of the jump, one that comes twice
 * in autumn runs the first time only; intervals (a field with `*` or a step) go through both hours. A fixed time is one
 * whose second, minute and hour have no `*`, `?` or step; lists and ranges count as fixed.
 *
 * @param schedule its expression (five or six fields, a preset such as `@daily`, an interval such as `@every 45m`, or an ISO
 *   date) and zone
 * @param after UTC milliseconds; a tick at exactly this time does not count
 * @returns UTC milliseconds, or null when it never ticks again
 * @throws Error when the expression or zone is not valid; {@link findTimingProblem} says so beforehand, in the user's words
 */
export function nextRun(schedule: ScheduleTiming, after: number): number | null {
  const key = `${schedule.expression}\n${schedule.timeZone ?? ''}\n${schedule.utcOffset ?? ''}`;
  let timetable = timetables.get(key);
  if (!timetable) {
    timetable = compile(schedule);
    const oldest = timetables.size >= MAX_CACHED_TIMETABLES ? timetables.keys().next().value : undefined;
    if (oldest !== undefined) timetables.delete(oldest);
    timetables.set(key, timetable);
  }
  return timetable(after);
}

/** The next ticks after `after`, at most `count`; fewer where the schedule ends. */
export function nextRuns(schedule: ScheduleTiming, after: number, count: number): number[] {
  const runs: number[] = [];
  let last: number | null = after;
  while (runs.length < count) {
    last = nextRun(schedule, last);
    if (last === null) break;
    runs.push(last);
  }
  return runs;
}

/** Whether an expression is meant as a date for a single run: `2027-01-01`, `2027-01-01T08:00:00Z`. */
export function isSingleDate(expression: string): boolean {
  return /^\d{4}-\d{2}-\d{2}/.test(expression.trim());
}

function compile(schedule: ScheduleTiming): Timetable {
  const expression = schedule.expression.trim();
  if (isSingleDate(expression)) {
    const at = parseSingleDate(expression, schedule);
    return (after) => (at > after ? at : null);
  }
  const interval = INTERVAL.exec(expression)?.groups?.duration;
  if (interval !== undefined) return everySoOften(parseDuration(interval, '@every', { min: MIN_INTERVAL_MS }));
  const cron = new Cron(PRESETS[expression.toLowerCase()] ?? asPeerReads(expression), {
    ...zoneOptions(schedule),
    mode: '5-or-6-parts',
    // `0/15` means the same to `cron`, which Nest's own runner evaluates with, as `*/15`.
    sloppyRanges: true,
    // With this rule `30 2,14 * * *` keeps to its times over a daylight-saving change, as it does with `cron`.
    fixedTimeRule: 'no-wildcard',
  });
  return (after) => cron.nextRun(new Date(after))?.getTime() ?? null;
}

/** Counted from the beginning of 1970 in UTC, so that the ticks are the same in every process, and after a restart. */
function everySoOften(interval: number): Timetable {
  return (after) => (Math.floor(after / interval) + 1) * interval;
}

function parseSingleDate(expression: string, schedule: ScheduleTiming): number {
  const parts = ISO_DATE.exec(expression)?.groups;
  if (!parts) throw new RangeError('it is not an ISO date');
  const { year, month, day, time = '00:00:00', zone } = parts;
  // Date and croner alike would move 31 February on to March.
  const lastDay = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  if (Number(month) < 1 || Number(month) > 12 || Number(day) < 1 || Number(day) > lastDay) {
    throw new RangeError('there is no such day');
  }
  const at = zone
    ? Date.parse(`${year}-${month}-${day}T${time}${zone.toUpperCase()}`)
    : localDate(`${year}-${month}-${day}T${time.slice(0, 8)}`, schedule);
  if (Number.isNaN(at)) throw new RangeError('there is no such time of day');
  return at;
}

/** A date without a zone of its own is one in the schedule's zone; croner knows the zones. */
function localDate(iso: string, schedule: ScheduleTiming): number {
  const hour = Number(iso.slice(11, 13));
  if (hour > 23 || Number(iso.slice(14, 16)) > 59 || Number(iso.slice(17, 19)) > 59) return NaN;
  const once = new Cron(iso, zoneOptions(schedule)).getOnce();
  return once?.getTime() ?? NaN;
}

function zoneOptions({ timeZone, utcOffset }: ScheduleTiming): { timezone?: string; utcOffset?: number } {
  if (timeZone !== null) return { timezone: timeZone };
  return utcOffset === null ? {} : { utcOffset };
}
