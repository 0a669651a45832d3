import { Calibration } from '../calibration.js';
import { sleep } from '../clock.js';
import { RAW } from '../contestants/index.js';
import type { Context, Round } from '../context.js';
import type { Measure } from '../measure.js';
import type { ChildProcess } from '../process/child-process.js';

const PROCESSES = [1, 2, 4];
const CONCURRENCY = 10;
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 5;
const MAX_TASKS = 200_000;

export const processes: Measure = {
  name: 'processes',
  title: 'Draining by 1, 2 and 4 processes on one store',
  about:
    'A handler that does nothing, 10 at once in each process: what all of them do together, from the first start of a ' +
    'handler until none is left. Every task must have run exactly once in one of them. The share is that of the process ' +
    'of two that ran fewer: 50 % is even.',
  figures: [
    ...PROCESSES.map((number) => ({
      id: `processes-${number}`,
      title: number === 1 ? '1 process' : `${number} processes`,
      unit: 'tasks/s' as const,
    })),
    { id: 'processes-2-least', title: 'smaller share of 2', unit: '%' },
  ],
  takesPart: ({ name, slow }) => name !== RAW && !slow,
  async run(context) {
    const teams = new Map<string, ChildProcess[]>();
    try {
      const calibration = new Calibration(2 * context.options.seconds, 500, MAX_TASKS);
      for (const number of PROCESSES) {
        const figure = `processes-${number}`;
        await context.inTurns(number === 2 ? [figure, 'processes-2-least'] : [figure], async (round) => {
          const { contestant } = round;
          const count = calibration.count(contestant);
          const { rate, least } = await drainTogether(teamOf(teams, context, round, number), round, count);
          return { [figure]: calibration.learn(contestant, rate), [`${figure}-least`]: least };
        });
      }
    } finally {
      for (const team of teams.values()) for (const child of team) await child.end();
    }
  },
};

/** The contestant's first process, and others beside it, which are kept for the next round. */
function teamOf(
  teams: Map<string, ChildProcess[]>,
  context: Context,
  { contestant, child }: Round,
  number: number,
): ChildProcess[] {
  const team = (teams.get(contestant.name) ?? []).filter(({ isGone }) => !isGone);
  while (team.length < number - 1) team.push(context.spawn(contestant));
  teams.set(contestant.name, team);
  return [child, ...team.slice(0, number - 1)];
}

async function drainTogether(
  team: readonly ChildProcess[],
  { contestant, store }: Round,
  count: number,
): Promise<{ rate: number; least: number }> {
  const [first] = team as [ChildProcess];
  // One after the other, as each may have tables to create.
  for (const child of team) await child.call('open', contestant.name, store);
  await first.call('enqueueMany', 0, count);
  await Promise.all(team.map((child) => child.call('prepare', CONCURRENCY, { kind: 'no-op' })));
  await Promise.all(team.map((child) => child.call('start', CONCURRENCY)));
  const deadline = performance.now() + PATIENCE_MS;
  while ((await first.call('left')) > 0) {
    if (performance.now() > deadline)
      throw new Error(`not all of ${count} tasks had run after ${PATIENCE_MS / 1_000} s`);
    await sleep(LOOK_EVERY_MS);
  }
  const tallies = await Promise.all(team.map((child) => child.call('tally')));
  const counts = await Promise.all(team.map((child) => child.call('counts', count)));
  await Promise.all(team.map((child) => child.call('close')));
  const once = counts[0]!.filter((_, index) => counts.reduce((sum, runs) => sum + runs[index]!, 0) === 1).length;
  const total = tallies.reduce((sum, tally) => sum + tally.count, 0);
  if (once !== count || total !== count) {
    throw new Error(`${once} of ${count} tasks ran exactly once, and handlers were called ${total} times`);
  }
  const began = Math.min(...tallies.filter((tally) => tally.count > 0).map(({ firstAt }) => firstAt));
  const ended = Math.max(...tallies.map(({ at }) => at));
  return {
    rate: (count * 1_000) / (ended - began),
    least: (100 * Math.min(...tallies.map((tally) => tally.count))) / count,
  };
}
