const UNITS: ReadonlyArray<readonly [string, number]> = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
];
/** Less than this is how exact the header that tells the server's time is, and how long an answer may take. */
const MIN_CLOCK_DIFFERENCE_MS = 5_000;
/** From here on, a table has no room for all digits; they are shown on hover. */
const FIRST_COMPACT_COUNT = 100_000;

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const plain = new Intl.NumberFormat('en');
const clock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});

const weekday = new Intl.DateTimeFormat('en-GB', { weekday: 'short', hour: '2-digit', minute: '2-digit' });
const monthDay = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});
/** Within it, the name of a weekday says which day is meant. */
const SOON_MS = 6 * 86_400_000;

let serverAhead = 0;

/** The server's clock, which the times of tasks are of, may differ from that of whoever looks. */
export function noteServerTime(date: string | null): void {
  const difference = date === null ? NaN : Date.parse(date) - Date.now();
  if (!Number.isNaN(difference)) serverAhead = Math.abs(difference) < MIN_CLOCK_DIFFERENCE_MS ? 0 : difference;
}

/** Now, by the server's clock, in UTC milliseconds. */
export function serverNow(): number {
  return Date.now() + serverAhead;
}

/** `2h 5m`, `1.4s`, `12ms`: two units at most. */
export function duration(milliseconds: number): string {
  if (milliseconds < 999.5) return `${Math.round(milliseconds)}ms`;
  if (milliseconds < 9_950) return `${(milliseconds / 1_000).toFixed(1)}s`;
  const parts: string[] = [];
  let rest = Math.round(milliseconds / 1_000) * 1_000;
  for (const [unit, length] of UNITS) {
    const whole = Math.floor(rest / length);
    rest -= whole * length;
    if (whole > 0) parts.push(`${whole}${unit}`);
    // A day and some seconds is a day.
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(' ');
}

/** `100/m`, `10/30s`: a rate limit as it is written in options. */
export function rateText({ max, per }: { readonly max: number; readonly per: number }): string {
  const [unit, length] = UNITS.find(([, milliseconds]) => per % milliseconds === 0) ?? ['ms', 1];
  return `${max}/${per === length ? '' : per / length}${unit}`;
}

export function durationOrNone(milliseconds: number | null | undefined): string {
  return milliseconds === null || milliseconds === undefined ? '–' : duration(milliseconds);
}

/** @param difference from now in milliseconds, less than 0 for what is past */
export function relative(difference: number): string {
  const length = Math.abs(difference);
  if (length < 1_000) return 'now';
  const text = length < 3_600_000 ? duration(length).split(' ')[0]! : duration(length);
  return difference > 0 ? `in ${text}` : `${text} ago`;
}

/** @param timeZone of whoever looks, if left out */
export function exact(time: number | null, timeZone?: string): string {
  if (time === null) return '–';
  return new Date(time).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium', timeZone });
}

/** `Tue 17:15`, in the time zone of whoever looks; with the date where that weekday may be another week's. */
export function shortTime(time: number): string {
  return (Math.abs(time - serverNow()) < SOON_MS ? weekday : monthDay).format(time);
}

/** `20:08:15.683`, in the time zone of whoever looks. */
export function clockTime(time: number): string {
  return clock.format(time);
}

export function count(value: number): string {
  return plain.format(value);
}

export function isShort(value: number): boolean {
  return value < FIRST_COMPACT_COUNT;
}

/** `1.2M` */
export function shortCount(value: number): string {
  return isShort(value) ? count(value) : compact.format(value);
}

export function countOf(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** `0.4`, `12`, `1,200`. */
export function rate(perMinute: number): string {
  return perMinute > 0 && perMinute < 9.95 ? perMinute.toFixed(1) : count(Math.round(perMinute));
}

/** `0.4 %`, `12 %`; never 0 where there is something, nor 100 where it is not all. @param share from 0 to 1 */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.05) return '< 0.1 %';
  if (value > 99.5 && value < 100) return '> 99 %';
  return `${value > 0 && value < 9.95 ? value.toFixed(1) : String(Math.round(value))} %`;
}
