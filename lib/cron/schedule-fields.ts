import type { CatchUp } from '../engine/task-engine.js';
import { nearest } from '../errors/index.js';

/** Fields that schedules have alike, whether a decorator declares them or a call adds them. */

export const DEFAULT_CATCH_UP: CatchUp = 'once';
const CATCH_UP_POLICIES: readonly CatchUp[] = ['once', 'all', 'skip'];
const LONGEST_NAME = 200;

/** A date, of JavaScript or of Luxon, as the ISO text that the engine keeps; anything else as it is. */
export function expressionText(expression: unknown): unknown {
  if (expression instanceof Date) return isoOf(expression);
  if (typeof expression === 'object' && expression !== null && 'toJSDate' in expression) {
    const { toJSDate } = expression;
    const date: unknown = typeof toJSDate === 'function' ? toJSDate.call(expression) : null;
    if (date instanceof Date) return isoOf(date);
  }
  return expression;
}

/** What is wrong with the name of a schedule; null when nothing is. */
export function findNameProblem(name: unknown): string | null {
  if (typeof name === 'string' && name.trim() !== '' && name.length <= LONGEST_NAME) return null;
  return `the name must be a text of 1 to ${LONGEST_NAME} characters, such as "cleanup_old_data"`;
}

/** What is wrong with a catch-up policy; null when nothing is. */
export function findCatchUpProblem(catchUp: unknown): string | null {
  if (CATCH_UP_POLICIES.includes(catchUp as CatchUp)) return null;
  const near = typeof catchUp === 'string' ? nearest(catchUp, CATCH_UP_POLICIES) : undefined;
  return `"catchUp" must be "once", "all" or "skip"${near ? `. Did you mean "${near}"?` : ''}`;
}

function isoOf(date: Date): string {
  return Number.isNaN(date.getTime()) ? 'Invalid Date' : date.toISOString();
}
