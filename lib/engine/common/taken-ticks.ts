import type { Schedule } from '../../contract/index.js';
import type { EngineContext } from '../port/index.js';
import { openTicks, recordOf, type TickRecord } from './tick-record.js';
import { type DueTicks, dueTicks } from './ticks.js';

/** Ticks that have come due, and the record once they have been dealt with. */
export interface TakenTicks extends DueTicks {
  readonly record: TickRecord;
}

/**
 * What is due of a schedule, without what was dealt with before.
 * @param first the oldest tick that was not
 */
export function takenTicks(
  schedule: Schedule,
  record: TickRecord,
  first: number,
  now: number,
  nextRun: EngineContext['nextRun'],
): TakenTicks {
  const due = dueTicks(schedule, first, now, openTicks(record, nextRun));
  return { ...due, record: recordOf(schedule, record, first, due, nextRun) };
}
