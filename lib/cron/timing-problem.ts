import { isSingleDate, nextRun } from './cron-expression.js';
import type { FieldProblem } from '../contract/index.js';

/** Widest offsets in use are -12:00 and +14:00; croner's own bound is a day. */
const MAX_UTC_OFFSET_MINUTES = 14 * 60;

const GOOD_EXPRESSION =
  `five fields (minute hour day month weekday) such as "0 3 * * *" for every day at 03:00, ` +
  `six with the second in front such as "*/10 * * * * *", a preset such as "@daily", an interval such as "@every 45m", or an ISO date such as "2027-01-01T08:00:00Z"`;

/**
 * What is wrong with when a schedule is to tick, in words for whoever wrote it.
 *
 * @param timing expression and zone as they were written, of any type
 * @param now UTC milliseconds, from where on the schedule has to tick
 * @returns the field (`expression`, `timeZone`, `utcOffset`) and what is wrong with it; null when nothing is
 */
export function findTimingProblem(
  timing: { readonly expression: unknown; readonly timeZone?: unknown; readonly utcOffset?: unknown },
  now: number,
): FieldProblem | null {
  const { expression, timeZone = null, utcOffset = null } = timing;
  const wrong = (path: string, message: string): FieldProblem => ({ path, message });

  if (typeof expression !== 'string' || expression.trim() === '') {
    return wrong('expression', `the cron expression is ${describe(expression)}. Right would be ${GOOD_EXPRESSION}`);
  }
  if (timeZone !== null && utcOffset !== null) {
    return wrong(
      'timeZone',
      `both "timeZone" and "utcOffset" are given. Give one of them, such as timeZone: 'Europe/Paris'`,
    );
  }
  if (timeZone !== null && !isTimeZone(timeZone)) {
    const given = typeof timeZone === 'string' ? `"${timeZone}"` : describe(timeZone);
    return wrong(
      'timeZone',
      `there is no time zone ${given}. Right would be an IANA name such as "Europe/Paris" or "UTC"`,
    );
  }
  if (utcOffset !== null && !isUtcOffset(utcOffset)) {
    const given = typeof utcOffset === 'number' ? utcOffset : describe(utcOffset);
    return wrong(
      'utcOffset',
      `utcOffset is ${given}. Right would be whole minutes from UTC between -${MAX_UTC_OFFSET_MINUTES} and ${MAX_UTC_OFFSET_MINUTES}, such as 120`,
    );
  }

  const quoted = `"${expression}"`;
  const fields = expression.trim().split(/\s+/).length;
  if (fields === 7 && !isSingleDate(expression)) {
    return wrong(
      'expression',
      `${quoted} has seven fields, and a year is not supported. Right would be ${GOOD_EXPRESSION}`,
    );
  }
  const checked = { expression, timeZone: timeZone as string | null, utcOffset: utcOffset as number | null };
  let next: number | null;
  try {
    next = nextRun(checked, now);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^Cron\w*: /, '') : String(error);
    return wrong(
      'expression',
      `${quoted} is not a cron expression: ${stripDot(reason)}. Right would be ${GOOD_EXPRESSION}`,
    );
  }
  // A date that has passed is no mistake: the code that named it is started again after it.
  if (next === null && !isSingleDate(expression)) {
    return wrong(
      'expression',
      `${quoted} never comes: there is no such day. Right would be a day that exists, such as "0 0 28 2 *", or "0 0 L * *" for the last day of each month`,
    );
  }
  return null;
}

function isTimeZone(value: unknown): boolean {
  // Node 22 takes "+02:00" as a zone and Node 20 does not: it is left to utcOffset everywhere.
  if (typeof value !== 'string' || !/^[A-Za-z]/.test(value)) return false;
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: value });
    return true;
  } catch {
    return false;
  }
}

function isUtcOffset(value: unknown): boolean {
  return Number.isInteger(value) && Math.abs(value as number) <= MAX_UTC_OFFSET_MINUTES;
}

function describe(value: unknown): string {
  if (typeof value === 'string' && value.trim() === '') return 'empty';
  if (value === undefined) return 'missing';
  return value === null ? 'null' : `of type ${typeof value}`;
}

function stripDot(text: string): string {
  return text.replace(/\.$/, '');
}
