import { unstorable } from '../../lib/checks/index.js';
import { CliError } from '../cli/usage-error.js';
import type { OpenStore } from './open-store.js';
import type { StoreAddress } from './store-address.js';

const MAX_NAMED = 10;

/**
 * Whether the target can hold every queue, task and schedule of the source under its name, and what was set at run time:
 * pauses, limits and schedules with a unique key. A move that found out on the way would stop half-way, or drop it.
 * @throws CliError that says which cannot be moved, and why
 */
export async function assertNamesFit(source: OpenStore, target: StoreAddress): Promise<void> {
  if (target.kind === 'sqlite') return;
  const { queueNameProblem } = await import('../../lib/engine/bullmq/queue-names.js');
  const { schedules, paused, pauses = [], flows = new Map() } = await source.store.exportBook();
  const kinds = await source.store.movedKinds();
  const where = { postgres: target.kind === 'postgres' ? target.url : undefined };
  const queues = new Set([...kinds.map(({ queue }) => queue), ...paused, ...schedules.map(({ queue }) => queue)]);
  const problems = [
    ...[...queues].map((queue) => problemOf(`Queue "${queue}"`, queueNameProblem(queue, where))),
    ...kinds.map(({ name }) => name && problemOf(`A task named ${JSON.stringify(name)}`, unstorable(name))),
    ...schedules.map(({ name }) => problemOf(`Schedule ${JSON.stringify(name)}`, unstorable(name))),
    ...schedules.map(({ name, source: by, traits }) =>
      // What the app's code says of its own is refused at boot.
      by === 'runtime' && traits?.unique
        ? `Schedule ${JSON.stringify(name)}: its runs have a unique key, and there are none there.`
        : null,
    ),
    ...pauses.map((selector) => `The pause of ${JSON.stringify(selector)}: only whole queues can be paused there.`),
    ...[...flows.keys()].map(
      (queue) => `What setQueue() changed of queue "${queue}": that is said in the options there.`,
    ),
  ].filter((problem): problem is string => Boolean(problem));
  if (problems.length === 0) return;
  const others = problems.length > MAX_NAMED ? [`and ${problems.length - MAX_NAMED} more`] : [];
  throw new CliError(
    [
      `${target.shown} cannot hold all of ${source.shown}, so nothing was moved:`,
      ...[...problems.slice(0, MAX_NAMED), ...others].map((line) => `  ${line}`),
      'Let those tasks run, or delete them, remove those schedules and pauses, and take back what was set with null, before you move the rest.',
    ].join('\n'),
  );
}

function problemOf(what: string, problem: string | null): string | null {
  return problem === null ? null : `${what}: its name ${problem}.`;
}
