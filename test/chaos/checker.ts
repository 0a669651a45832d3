import type { History } from './history.js';
import { checkAttempts } from './rules/attempts.js';
import { checkCron } from './rules/cron.js';
import { checkEarly } from './rules/early.js';
import { checkAlterations, checkKeys, checkLoss, checkPoison } from './rules/loss.js';
import { checkPaused } from './rules/paused.js';
import type { Check, Violation } from './rules/rule.js';
import { checkService } from './rules/service.js';

export type { Rule, Violation } from './rules/rule.js';

const CHECKS: readonly Check[] = [
  checkLoss,
  checkAlterations,
  checkKeys,
  checkAttempts,
  checkPoison,
  checkEarly,
  checkService,
  checkPaused,
  checkCron,
];

/** Compares what happened with what was promised; returns every difference. */
export function check(history: History): Violation[] {
  const found: Violation[] = [];
  for (const look of CHECKS) look(history, (rule, task, message) => found.push({ rule, task, message }));
  return found;
}
