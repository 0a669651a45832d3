import { MAX_WAITS_SHOWN, type WaitingFor } from '../../contract/index.js';
import type { StepRecord } from '../port/index.js';

/** What a task that is suspended now waits for, as its readers see it. */
export function waitingFor(waits: readonly StepRecord[], since: number): WaitingFor {
  const until = Math.min(...waits.map(({ wait }) => wait?.until ?? Infinity));
  return {
    since,
    ...(until < Infinity && { until }),
    total: waits.length,
    waits: waits.slice(0, MAX_WAITS_SHOWN).map(({ kind, name, wait }) => ({
      kind: kind as 'sleep' | 'wait' | 'call',
      name,
      ...(wait?.until !== undefined && { until: wait.until }),
    })),
  };
}
