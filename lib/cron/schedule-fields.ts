import { type CatchUp, nearest } from '../contract/index.js';
import { isText, MAX_NAME_LENGTH, unstorable } from '../checks/index.js';

/** Fields that schedules have alike, whether a decorator declares them or a call adds them. */

export const DEFAULT_CATCH_UP: CatchUp = 'once';
const CATCH_UP_POLICIES: readonly CatchUp[] = ['once', 'all', 'skip'];

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

/** Says what is wrong with the name of a schedule; null when nothing is. */
export function findNameProblem(name: unknown): string | null {
  if (!isText(name, MAX_NAME_LENGTH)) {
    return `the name must be a text of 1 to ${MAX_NAME_LENGTH} characters, such as "cleanup_old_data"`;
  }
  const problem = unstorable(name);
  return problem === null ? null : `the name ${problem}`;
}

/** Says what is wrong with a catch-up policy; null when nothing is. */
export function findCatchUpProblem(catchUp: unknown): string | null {
  if (CATCH_UP_POLICIES.includes(catchUp as CatchUp)) return null;
  const near = typeof catchUp === 'string' ? nearest(catchUp, CATCH_UP_POLICIES) : undefined;
  return `"catchUp" must be "once", "all" or "skip"${near ? `, probably "${near}"` : ''}`;
}

function isoOf(date: Date): string {
  return Number.isNaN(date.getTime()) ? 'Invalid Date' : date.toISOString();
}
