import type { Schedule } from '../../../contract/index.js';
import type { EngineContext } from '../../port/index.js';

const OFFSET = 'offset:';

/** When a schedule ticks, by the library's own reckoning, as on every engine. */
export function repeatStrategy({ nextRun }: Pick<EngineContext, 'nextRun'>) {
  return (after: number, { pattern, tz }: { pattern?: string; tz?: string }): number | undefined => {
    const utcOffset = tz?.startsWith(OFFSET) ? Number(tz.slice(OFFSET.length)) : null;
    const timeZone = utcOffset === null ? (tz ?? null) : null;
    return nextRun({ expression: pattern!, timeZone, utcOffset }, after) ?? undefined;
  };
}

/** A schedule's time zone, or its offset from UTC, as BullMQ keeps it. */
export function zoneOf({ timeZone, utcOffset }: Schedule): string | undefined {
  return utcOffset === null ? (timeZone ?? undefined) : `${OFFSET}${utcOffset}`;
}
