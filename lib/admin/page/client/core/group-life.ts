import type { ErrorGroup } from '../api-types.js';

const DAY_MS = 24 * 3_600_000;
/** A group that failed again after so many hours without is back. */
const QUIET_HOURS = 12;

/** What is to be said of a group's life. */
export function lifeOf({ firstAt, points }: Pick<ErrorGroup, 'firstAt' | 'points'>, now: number): 'new' | 'back' | '' {
  if (now - firstAt < DAY_MS) return 'new';
  const lately = points.slice(-(24 - QUIET_HOURS)).some((failed) => failed > 0);
  return lately && points.slice(0, QUIET_HOURS).every((failed) => failed === 0) ? 'back' : '';
}
