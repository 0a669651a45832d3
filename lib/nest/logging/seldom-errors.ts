import { monotonicTime } from '../../clock/index.js';
import type { EngineLogger } from '../../engine/port/index.js';

/** So many errors of a kind are told in a window; of the others only how many there were. */
const MAX_TOLD = 5;
const WINDOW_MS = 10_000;
/** Kinds that are remembered. */
const MAX_KINDS = 200;

interface Kind {
  since: number;
  told: number;
  untold: number;
}

/**
 * A logger that tells an error that comes again and again a few times, and then how often it came: a damaged file would
 * fill a disk with the same lines. Two messages that differ in numbers and ids alone are of a kind.
 */
export function seldomErrors(logger: EngineLogger): EngineLogger {
  const kinds = new Map<string, Kind>();
  return {
    ...logger,
    error: (message, stack) => {
      const now = monotonicTime();
      const key = message.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|\d+/g, '#').slice(0, 300);
      const kind = kinds.get(key) ?? { since: now, told: 0, untold: 0 };
      if (kinds.size >= MAX_KINDS) kinds.clear();
      kinds.set(key, kind);
      if (now - kind.since < WINDOW_MS && kind.told >= MAX_TOLD) {
        kind.untold += 1;
        return;
      }
      const { untold } = kind;
      if (now - kind.since >= WINDOW_MS) Object.assign(kind, { since: now, told: 0, untold: 0 });
      kind.told += 1;
      const more = untold > 0 ? ` (and ${untold} more of this kind since it was told last)` : '';
      logger.error(message + more, stack);
    },
  };
}
