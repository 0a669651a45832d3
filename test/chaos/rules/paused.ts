import { queueOf } from '../expected.js';
import type { History } from '../history.js';
import { Excuses } from './excuses.js';
import type { Report } from './rule.js';

/** In microseconds: what was claimed before the pause may begin a moment later. */
const CLAIMED_BEFORE = 1_000_000;

/** A queue that is paused delivers nothing. */
export function checkPaused({ tasks, pauses, excuses }: History, report: Report): void {
  const windows = pauses.flatMap(({ queue, certain }) => (certain ? [{ queue, ...certain }] : []));
  if (windows.length === 0) return;
  const own = new Excuses(excuses);
  for (const { id, runs } of tasks.values()) {
    for (const { start, name, process } of runs) {
      const pause = windows.find(
        ({ queue, from, until }) => queue === queueOf(name) && start > from + CLAIMED_BEFORE && start < until,
      );
      if (!pause || own.holds(process, { from: pause.from, until: start })) continue;
      const ms = Math.round((start - pause.from) / 1_000);
      report('paused', id, `began in ${process} ${ms} ms after its queue had been paused`);
    }
  }
}
