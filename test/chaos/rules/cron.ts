import type { History, StoredTask } from '../history.js';
import { TICK, TICK_MS } from '../process/setup.js';
import type { Window } from '../windows.js';
import type { Report } from './rule.js';

/** Milliseconds: a worker that is ready has ticked within this what its clock says. */
const LATE_MS = 2_500;
/** The same where the store is on a server: a tick that a dead process had in hand is given to another when its lease is over. */
const LATE_ON_SERVER_MS = 15_000;

/** Every second has one run, from the first worker to the last. */
export function checkCron(history: History, report: Report): void {
  const { tasks, store } = history;
  const ticks = [...tasks.values()].flatMap(({ stored }) => (stored?.name === TICK ? [stored] : []));
  ticks.sort((one, other) => one.runAt - other.runAt);
  for (let index = 1; index < ticks.length; index += 1) {
    const step = ticks[index]!.runAt - ticks[index - 1]!.runAt;
    const mayBeLate = store.isRemote && ticks[index]!.runAt > store.pausedAt - LATE_ON_SERVER_MS;
    if (step === TICK_MS || (step > 0 && mayBeLate)) continue;
    const at = text(ticks[index]!.runAt);
    const message =
      step === 0 ? `the tick of ${at} was enqueued twice` : `${step} ms lie between ${at} and the tick before`;
    report('cron', ticks[index]!.id, message);
  }
  checkEnds(history, ticks, report);
}

/** The schedule begins when the first worker is ready, and ticks as long as there is one that is in order. */
function checkEnds(history: History, ticks: readonly StoredTask[], report: Report): void {
  const { lives, clocks, faults, store } = history;
  const late = store.isRemote ? LATE_ON_SERVER_MS : LATE_MS;
  const calm = ({ from, until }: Window): boolean =>
    until - from > late * 1_000 && !faults.some((fault) => fault.from < until && fault.until > until - late * 1_000);
  const [first] = ticks;
  const last = ticks.at(-1);
  let begun = false;
  for (const { process, works, from, until } of lives) {
    // Those that bring a round to its end work when the schedule has been paused.
    const worked = { from, until: Math.min(until, clocks.steady(store.pausedAt)) };
    if (!works || !calm(worked)) continue;
    const clock = clocks.machine(worked.until) + clocks.least(worked.until - late * 1_000, worked.until, process);
    if (!last || last.runAt < clock - late) {
      const ticked = last ? `the last tick was that of ${text(last.runAt)}` : 'there was no tick';
      report('cron', null, `${process} worked until ${text(clock)}; ${ticked}`);
    }
    const began = clocks.machine(from) + clocks.most(from, from + late * 1_000, process);
    if (!begun && first && first.runAt > began + late)
      report('cron', first.id, `is the first tick, of ${text(first.runAt)}; ${process} worked from ${text(began)}`);
    begun = true;
  }
}

function text(time: number): string {
  return new Date(time).toISOString();
}
