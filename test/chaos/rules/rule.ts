import type { History } from '../history.js';

/** What the library promises, each as one rule. `docs/guarantees.md` has them in sentences. */
export const RULES = [
  'lost',
  'unfinished',
  'altered',
  'doubled',
  'two live owners',
  'lost without cause',
  'stale owner',
  'retries',
  'attempts',
  'poison',
  'cancelled',
  'rolled back',
  'early',
  'late',
  'order',
  'paused',
  'retention',
  'cron',
  'stored twice',
  'process',
  'store',
] as const;
export type Rule = (typeof RULES)[number];

export interface Violation {
  readonly rule: Rule;
  /** The task that it is about, where it is about one. */
  readonly task: string | null;
  readonly message: string;
}

export type Report = (rule: Rule, task: string | null, message: string) => void;

/** Looks through a history for what breaks some of the rules. */
export type Check = (history: History, report: Report) => void;
