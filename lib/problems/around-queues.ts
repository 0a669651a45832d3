import { MAX_LOG_BYTES } from '../contract/index.js';
import type { Situation } from './problem.js';
import type { Weighed } from './queue-problems.js';
import { length, numberText, quantity } from './words.js';

/** What was committed is handed over within seconds while all is well. */
const LATE_HANDOVER_MS = 60_000;
const LATE_TICK_MS = 60_000;
/** One run that failed may be chance. */
const FAILED_RUNS = 3;

export function outboxProblems({ outbox, now }: Situation): Weighed[] {
  return outbox.flatMap(({ queue, waiting, oldestAt, setAside = 0 }): Weighed[] => {
    const place = { page: 'overview' } as const;
    const of = { kind: 'outbox', severity: 'bad', queue, place } as const;
    return [
      ...(setAside > 0
        ? [{ ...of, text: `Outbox: the store refused ${quantity(setAside, 'task')} of ${queue}`, weight: setAside }]
        : []),
      ...(waiting > setAside && now - oldestAt > LATE_HANDOVER_MS
        ? [
            {
              ...of,
              text: `Outbox: ${quantity(waiting - setAside, 'task')} of ${queue} not handed over for ${length(now - oldestAt)}`,
              weight: waiting,
            },
          ]
        : []),
    ];
  });
}

/** A process that knows the name may come by the task next: for the first minute it is no problem yet. */
const UNHANDLED_MS = 60_000;

export function unhandledProblems({ condition, now }: Situation): Weighed[] {
  return condition.unhandled
    .filter(({ since }) => now - since > UNHANDLED_MS)
    .map(({ queue, name, since, tasks }) => {
      const waiting = `${quantity(tasks, 'task')} of ${queue} waiting for ${length(now - since)}`;
      const place = { page: 'name', name } as const;
      return {
        kind: 'unhandled',
        severity: 'bad',
        queue,
        place,
        text: `Nobody handles ${name}: ${waiting}`,
        weight: tasks,
      };
    });
}

export function cronProblems({ crons, now }: Situation): Weighed[] {
  return crons
    .filter(({ paused, disabled }) => !paused && !disabled)
    .flatMap(({ name, nextRunAt, lastRuns }): Weighed[] => {
      const of = { severity: 'warn', queue: null, place: { page: 'crons' } } as const;
      const ended = lastRuns.filter(({ state }) => state === 'completed' || state === 'failed');
      const good = ended.findIndex(({ state }) => state !== 'failed');
      const failed = good === -1 ? ended.length : good;
      const late = nextRunAt === null ? 0 : now - nextRunAt;
      return [
        ...(failed >= FAILED_RUNS
          ? [
              {
                ...of,
                kind: 'cron-failing' as const,
                text: `Cron ${name}: the last ${failed} runs failed`,
                weight: failed,
              },
            ]
          : []),
        ...(late > LATE_TICK_MS
          ? [{ ...of, kind: 'cron-late' as const, text: `Cron ${name} is ${length(late)} late`, weight: late }]
          : []),
      ];
    });
}

export function storageProblems({ condition: { logBytes } }: Situation): Weighed[] {
  if (logBytes === null || logBytes <= MAX_LOG_BYTES) return [];
  const size = numberText(logBytes / 1024 ** 2);
  return [
    {
      kind: 'long-log',
      severity: 'warn',
      queue: null,
      text: `The log of the store has grown to ${size} MiB: somebody keeps it from beginning anew`,
      place: { page: 'overview' },
      weight: logBytes,
    },
  ];
}
