import {
  type Check,
  type Checked,
  checkDuration,
  checkWith,
  durationValue,
  mapOf,
  object,
  type OptionChecks,
  shownValue,
  wholeNumber,
} from '../checks/index.js';
import type { AlertKind } from '../contract/index.js';
import type { AlertRule, AlertsOptions } from './options.js';

const KINDS = ['latency', 'failed', 'noWorkers', 'stuck'] as const satisfies readonly AlertKind[];
const DEFAULT_AT_LEAST = 20;
const DEFAULT_EVERY_MS = 30_000;
const EVERY_BOUNDS = { min: 1_000, max: 60 * 60_000 };
const OVER_BOUNDS = { min: 60_000, max: 24 * 60 * 60_000 };
const SHARE = /^(\d{1,3}(?:\.\d+)?)%\/(.+)$/;

/** A rule of the option `alerts`, as it is looked after. */
export type ResolvedAlertRule = {
  readonly name: string;
  /** Null: each queue of the configuration. */
  readonly queue: string | null;
} & (
  | { readonly kind: 'latency' | 'noWorkers' | 'stuck'; readonly longest: number }
  /** `share` of those that ended within the last `over` milliseconds, where these are `atLeast`. */
  | { readonly kind: 'failed'; readonly share: number; readonly over: number; readonly atLeast: number }
);

export interface ResolvedAlerts {
  readonly task: AlertsOptions['task'];
  /** Milliseconds between two looks. */
  readonly every: number;
  readonly rules: readonly ResolvedAlertRule[];
}

/** {@link AlertsOptions} of one source after it was checked. */
export interface CheckedAlerts extends Omit<AlertsOptions, 'rules'> {
  readonly rules: Map<string, CheckedAlertRule>;
}

type CheckedAlertRule = Omit<AlertRule, 'failed'> & { readonly failed?: Share };

interface Share {
  readonly share: number;
  readonly over: number;
}

export function checkAlerts(
  text: Check<string>,
  queueName: Check<string>,
  task: Check<AlertsOptions['task']>,
): Check<CheckedAlerts> {
  const longest = durationValue({ min: 1_000 });
  const ruleFields: OptionChecks<CheckedAlertRule> = {
    queue: queueName,
    latency: longest,
    failed: checkWith(checkShare),
    atLeast: wholeNumber(1, 1_000_000),
    noWorkers: longest,
    stuck: longest,
  };
  const rule = object(ruleFields);
  const oneRule: Check<CheckedAlertRule> = (value, place) => {
    const checked = rule(value, place);
    if (checked && KINDS.filter((kind) => checked[kind] !== undefined).length !== 1) {
      place.report('must say one thing to look for: latency: "5m", failed: "10%/5m", noWorkers: "1m" or stuck: "2m"');
    }
    return checked;
  };
  const alerts = object<CheckedAlerts>({
    task,
    every: durationValue(EVERY_BOUNDS),
    rules: mapOf(text, oneRule),
  });
  return (value, place) => {
    const checked = alerts(value, place);
    if (checked && (checked.task === undefined || checked.rules === undefined)) {
      place.report(
        'must have the name of a task and rules: { task: "notify_ops", rules: { slow: { latency: "5m" } } }',
      );
    }
    return checked;
  };
}

/** @param given of the code, else of the file: the rules of one source hold */
export function resolveAlerts(given: CheckedAlerts | undefined): ResolvedAlerts | null {
  if (!given) return null;
  const rules = [...given.rules].map(([name, rule]) => resolved(name, rule));
  return { task: given.task, every: (given.every as number | undefined) ?? DEFAULT_EVERY_MS, rules };
}

function resolved(name: string, rule: CheckedAlertRule): ResolvedAlertRule {
  const about = { name, queue: rule.queue ?? null };
  if (rule.failed) return { ...about, kind: 'failed', ...rule.failed, atLeast: rule.atLeast ?? DEFAULT_AT_LEAST };
  const kind = (['latency', 'noWorkers', 'stuck'] as const).find((one) => rule[one] !== undefined)!;
  return { ...about, kind, longest: rule[kind] as number };
}

function checkShare(value: unknown): Checked<Share> {
  const [, percent, span] = (typeof value === 'string' && SHARE.exec(value)) || [];
  const over = checkDuration(span, OVER_BOUNDS);
  const share = Number(percent) / 100;
  if (share > 0 && share <= 1 && 'value' in over) return { value: { share, over: over.value } };
  return {
    problem: `must be a share of the tasks that ended within 1m to 1d, such as "10%/5m", not ${shownValue(value)}`,
  };
}
