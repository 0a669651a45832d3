import cronstrue from 'cronstrue';
import { exact } from './format.js';

interface Timing {
  readonly expression: string;
  readonly timeZone: string | null;
  readonly utcOffset: number | null;
}

/** The date of a schedule for a single run, which it has instead of an expression. */
const ISO_DATE = /^\d{4}-\d\d-\d\dT/;

const INTERVAL = /^@every\s+(.+)$/i;

/** When a schedule runs, as people say it: `At 00:00, every day`. An expression that has no words stays as it is. */
export function cronWords({ expression, timeZone }: Timing): string {
  if (ISO_DATE.test(expression)) return `Once, at ${exact(Date.parse(expression), timeZone ?? undefined)}`;
  const interval = INTERVAL.exec(expression)?.[1];
  if (interval !== undefined) return `Every ${interval}`;
  try {
    const words = cronstrue.toString(expression, { use24HourTimeFormat: true });
    // A time alone leaves open on which days.
    return words.startsWith('At ')
      ? cronstrue.toString(expression, { use24HourTimeFormat: true, verbose: true })
      : words;
  } catch {
    return expression;
  }
}

/** The zone that the words are of: `Europe/Paris`, `UTC+02:00`. */
export function zoneWords({ timeZone, utcOffset }: Timing): string {
  if (timeZone !== null) return timeZone;
  if (utcOffset === null) return 'time zone of the process';
  const minutes = Math.abs(utcOffset);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `UTC${utcOffset < 0 ? '−' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
