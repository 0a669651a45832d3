import { h } from './dom.js';

const UNITS: ReadonlyArray<readonly [string, number]> = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
];

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
    if (parts.length === 2) break;
  }
  return parts.join(' ');
}

/** A moment as people read it, with the exact one on hover. */
export function moment(time: number | null): HTMLElement | string {
  if (time === null) return '–';
  const date = new Date(time);
  return h('time', { datetime: date.toISOString(), title: date.toISOString() }, relative(time - Date.now()));
}

/** Writes the moments on the page anew, as time has gone on. */
export function updateMoments(): void {
  for (const element of document.querySelectorAll('time')) {
    element.textContent = relative(Date.parse(element.dateTime) - Date.now());
  }
}

function relative(difference: number): string {
  const length = Math.abs(difference);
  if (length < 1_000) return 'now';
  return difference > 0 ? `in ${duration(length)}` : `${duration(length)} ago`;
}

export function exact(time: number | null): string {
  return time === null ? '–' : new Date(time).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

export function count(value: number): string {
  return value.toLocaleString();
}
