import { CONTESTANTS, IN_PLACE, LIBRARY, RAW } from '../contestants/index.js';
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

/** Those that are not the library in one form or another. */
const PEERS = CONTESTANTS.map(({ name }) => name).filter((name) => ![LIBRARY, RAW, IN_PLACE].includes(name));

/** What the embedded engine has set out to reach. */
const TARGETS: readonly Target[] = [
  {
    what: '`queueMany` in thousands',
    atLeast: '0.8 of raw bulk insert',
    judge: (figure) => [ratio(figure('bulk'), figure('bulk', RAW), 0.8, 'of raw')],
  },
  {
    what: '`queue()` from one caller that awaits',
    atLeast: '0.75 of raw single-row commits',
    judge: (figure) => [ratio(figure('enqueue-1'), figure('enqueue-1', RAW), 0.75, 'of raw')],
  },
  {
    what: '`queue()` from 1,000 concurrent callers',
    atLeast: '10 times raw single-row commits',
    judge: (figure) => [ratio(figure('enqueue-1000'), figure('enqueue-1', RAW), 10, 'times raw')],
  },
  {
    what: 'drain, no-op, concurrency 10, through Nest with validation of params',
    atLeast: "4 times plainjob, 3 times BullMQ on Redis, 1.5 times Graphile Worker's local queue",
    judge: (figure) => [
      ratio(figure('drain-no-op-10'), figure('drain-no-op-10', 'plainjob'), 4, 'times plainjob'),
      ratio(figure('drain-no-op-10'), figure('drain-no-op-10', 'bullmq-redis'), 3, 'times BullMQ on Redis'),
      ratio(figure('drain-no-op-10'), figure('drain-no-op-10', 'graphile-local'), 1.5, "times Graphile's local queue"),
    ],
  },
  {
    what: 'the same, with the engine in a thread of its own',
    atLeast: '1.3 times in place, 25 MB more',
    judge: (figure) => [
      ratio(figure('thread-drain'), figure('thread-drain', IN_PLACE), 1.3, 'times in place'),
      over(figure('thread-memory'), figure('thread-memory', IN_PLACE), 25, 'MB', 'more'),
    ],
  },
  {
    what: 'handlers that compute for 5 ms, at 1, 10 and 100 at once',
    atLeast: '0.97 of the best peer',
    judge: (figure) =>
      [1, 10, 100].map((callers) => {
        const peers = PEERS.map((peer) => figure(`drain-cpu-${callers}`, peer)).filter((rate) => rate !== null);
        const best = peers.length > 0 ? Math.max(...peers) : null;
        return ratio(figure(`drain-cpu-${callers}`), best, 0.97, `of the best at ${callers}`);
      }),
  },
  {
    what: 'pickup p50, idle',
    atLeast: '1 ms after the commit in the same process, 3 ms from another',
    judge: (figure) => [
      most(figure('pickup-same-p50'), 1, 'ms', 'in the same'),
      most(figure('pickup-other-p50'), 3, 'ms', 'from another'),
    ],
  },
  {
    what: 'drain with 10,000,000 finished, 1,000,000 scheduled and 1,000,000 waiting',
    atLeast: '0.9 of the rate on an empty store',
    judge: (figure) => [ratio(figure('growth-10m'), figure('growth-0'), 0.9, 'of empty')],
  },
  {
    what: 'p99 of an HTTP route in the same process while draining 5,000 tasks/s',
    atLeast: '1.3 times its idle value, or 1 ms over it',
    judge: (figure) => {
      const [idle, draining, rate] = [figure('http-idle-p99'), figure('http-draining-p99'), figure('http-rate')];
      if (idle === null || draining === null) return [unknown()];
      const shown = `${format(draining, 'ms')} ms; idle ${format(idle, 'ms')} ms; ${format(rate ?? 0, 'tasks/s')} tasks/s`;
      return [{ shown, holds: draining <= Math.max(1.3 * idle, idle + 1) && (rate ?? 0) >= 4_900 }];
    },
  },
  {
    what: 'memory over idle with 1,000,000 waiting',
    atLeast: '50 MB',
    judge: (figure) => [most(figure('memory-waiting'), 50, 'MB', 'over idle')],
  },
  {
    what: 'two processes on one file, and four',
    atLeast: 'two 1.2 times one alone, four no slower, no error, no starvation',
    judge: (figure) => [
      ratio(figure('processes-2'), figure('processes-1'), 1.2, 'of one alone by two'),
      ratio(figure('processes-4'), figure('processes-1'), 1, 'by four'),
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

function over(value: number | null, base: number | null, goal: number, unit: 'MB', what: string): Verdict {
  return most(value === null || base === null ? null : value - base, goal, unit, what);
}

function atLeast(value: number | null, goal: number, unit: '%', of: string): Verdict {
  if (value === null) return unknown(of);
  return { shown: `${format(value, unit)} ${unit} ${of}`, holds: value >= goal };
}

function unknown(of = ''): Verdict {
  return { shown: `– ${of}`.trim(), holds: null };
}
