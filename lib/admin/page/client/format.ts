import { h } from './dom.js';

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
  if (milliseconds < 1_000) return `${Math.round(milliseconds)}ms`;
  if (milliseconds < 10_000) return `${(milliseconds / 1_000).toFixed(1)}s`;
  const parts: string[] = [];
  let rest = milliseconds;
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

export function durationOrNone(milliseconds: number | null): string {
  return milliseconds === null ? '–' : duration(milliseconds);
}

/** A moment as people read it, with the exact one on hover. */
export function moment(time: number | null): HTMLElement | string {
  if (time === null) return '–';
  const date = new Date(time);
  return h('time', { datetime: date.toISOString(), title: date.toISOString() }, relative(time - serverNow()));
}

/** How long something lasts that began then. */
export function lasting(since: number): HTMLElement {
  const date = new Date(since).toISOString();
  const text = duration(Math.max(0, serverNow() - since));
  return h('time', { datetime: date, title: `since ${date}`, 'data-lasting': true }, text);
}

/** Writes the moments on the page anew, as time has gone on. */
export function updateMoments(): void {
  for (const element of document.querySelectorAll('time')) {
    const difference = Date.parse(element.dateTime) - serverNow();
    const text = 'lasting' in element.dataset ? duration(Math.max(0, -difference)) : relative(difference);
    if (element.textContent !== text) element.textContent = text;
  }
}

function relative(difference: number): string {
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

export function count(value: number): string {
  return plain.format(value);
}

/** A number where there is little room, with all its digits on hover. */
export function shortCount(value: number): HTMLElement | string {
  if (value < FIRST_COMPACT_COUNT) return count(value);
  return h('span', { title: count(value) }, compact.format(value));
}

export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** `0.4`, `12`, `1,200`. */
export function rate(perMinute: number): string {
  return perMinute > 0 && perMinute < 10 ? perMinute.toFixed(1) : count(Math.round(perMinute));
}

/** `0.4 %`, `12 %`. @param share from 0 to 1 */
export function percent(share: number): string {
  const value = share * 100;
  return `${value > 0 && value < 10 ? value.toFixed(1) : String(Math.round(value))} %`;
}
