import { LIBRARY, RAW } from '../contestants/index.js';
import { format } from './format.js';
import { valueOf, type Results } from './results.js';
import type { Series } from './series.js';
import { formatTable } from './table.js';

/** One condition of a target: the figures' own words, and whether they meet it; null where one was not measured. */
interface Verdict {
  readonly shown: string;
  readonly holds: boolean | null;
}

interface Target {
  readonly what: string;
  readonly atLeast: string;
  judge(figure: Lookup): Verdict[];
}

type Lookup = (figure: string, contestant?: string, of?: keyof Series) => number | null;

/** What the embedded engine has set out to reach. */
const TARGETS: readonly Target[] = [
  {
    what: '`queueMany` in thousands',
    atLeast: '0.6 of raw bulk insert',
    judge: (figure) => [ratio(figure('bulk'), figure('bulk', RAW), 0.6, 'of raw')],
  },
  {
    what: '`queue()` from 1,000 concurrent callers',
    atLeast: '10 times raw single-row commits',
    judge: (figure) => [ratio(figure('enqueue-1000'), figure('enqueue-1', RAW), 10, 'times raw')],
  },
  {
    what: 'drain, no-op, concurrency 10, through Nest with validation of params',
    atLeast: '0.4 of raw claim + acknowledge in hundreds, 4 times plainjob, 5 times BullMQ on Redis',
    judge: (figure) => [
      ratio(figure('drain-no-op-10'), figure('drain-no-op-10', RAW), 0.4, 'of raw'),
      ratio(figure('drain-no-op-10'), figure('drain-no-op-10', 'plainjob'), 4, 'times plainjob'),
      ratio(figure('drain-no-op-10'), figure('drain-no-op-10', 'bullmq-redis'), 5, 'times BullMQ on Redis'),
    ],
  },
  {
    what: 'pickup p50, idle',
    atLeast: '1 ms after the commit in the same process, 15 ms from another',
    judge: (figure) => [
      most(figure('pickup-same-p50'), 1, 'ms', 'in the same'),
      most(figure('pickup-other-p50'), 15, 'ms', 'from another'),
    ],
  },
  {
    what: 'drain with 10,000,000 finished, 1,000,000 scheduled and 1,000,000 waiting',
    atLeast: '0.9 of the rate on an empty store',
    judge: (figure) => [ratio(figure('growth-10m'), figure('growth-0'), 0.9, 'of empty')],
  },
  {
    what: 'p99 of an HTTP route in the same process while draining 5,000 tasks/s',
    atLeast: '1.5 times its idle value, or 5 ms over it',
    judge: (figure) => {
      const [idle, draining, rate] = [figure('http-idle-p99'), figure('http-draining-p99'), figure('http-rate')];
      if (idle === null || draining === null) return [unknown()];
      const shown = `${format(draining, 'ms')} ms; idle ${format(idle, 'ms')} ms; ${format(rate ?? 0, 'tasks/s')} tasks/s`;
      return [{ shown, holds: draining <= Math.max(1.5 * idle, idle + 5) && (rate ?? 0) >= 4_900 }];
    },
  },
  {
    what: 'memory over idle with 1,000,000 waiting',
    atLeast: '50 MB',
    judge: (figure) => [most(figure('memory-waiting'), 50, 'MB', 'over idle')],
  },
  {
    what: 'two processes on one file',
    atLeast: 'no slower together than one alone, no error, no starvation',
    judge: (figure) => [
      ratio(figure('processes-2'), figure('processes-1'), 1, 'of one alone'),
      atLeast(figure('processes-2-least'), 20, '%', 'of the tasks by the one with fewer'),
    ],
  },
  {
    what: '1,000,000 due at the same moment',
    atLeast: 'promoted without any pause of claiming over 50 ms',
    judge: (figure) => [most(figure('due-pause', LIBRARY, 'most'), 50, 'ms', 'longest pause of all rounds')],
  },
];

/** What each target came to in this run. */
export function formatTargets(results: Results): string {
  const lookup: Lookup = (figure, contestant = LIBRARY, of = 'median') => valueOf(results, figure, contestant, of);
  const rows = TARGETS.map(({ what, atLeast: goal, judge }) => {
    const verdicts = judge(lookup);
    return [what, goal, verdicts.map(({ shown }) => shown).join(', '), verdictOf(verdicts)];
  });
  return formatTable(['what', 'at least', 'this run', ''], rows);
}

function verdictOf(verdicts: readonly Verdict[]): string {
  if (verdicts.some(({ holds }) => holds === false)) return 'does not hold';
  return verdicts.some(({ holds }) => holds === null) ? 'not measured' : 'holds';
}

function ratio(value: number | null, base: number | null, goal: number, of: string): Verdict {
  if (value === null || base === null) return unknown(of);
  const reached = value / base;
  return { shown: `${reached.toFixed(2)} ${of}`, holds: reached >= goal };
}

function most(value: number | null, goal: number, unit: 'ms' | 'MB', where: string): Verdict {
  if (value === null) return unknown(where);
  return { shown: `${format(value, unit)} ${unit} ${where}`, holds: value <= goal };
}

function atLeast(value: number | null, goal: number, unit: '%', of: string): Verdict {
  if (value === null) return unknown(of);
  return { shown: `${format(value, unit)} ${unit} ${of}`, holds: value >= goal };
}

function unknown(of = ''): Verdict {
  return { shown: `– ${of}`.trim(), holds: null };
}
