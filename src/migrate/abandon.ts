import { CliError } from '../cli/usage-error.js';
import type { MoveMark } from '../../lib/engine/port/transfer-store.js';
import { MoveClaim } from './move-claim.js';
import { tallyOf, type MoveOutput } from './move.js';
import type { OpenStore } from './open-store.js';

const BATCH = 500;

/**
 * Gives up a move that was begun and is not over: takes out of the target what came from the source, and lets both go.
 * Where the source was replaced meanwhile, by a backup perhaps, the target is let go as it is.
 * @throws CliError where none was begun, or all was compared already, so that the source may no longer have everything
 */
export async function abandon(
  source: OpenStore,
  target: OpenStore,
  lease: number,
  progress: MoveOutput['progress'],
): Promise<string> {
  const [left, right] = await Promise.all([source.store.readMark(), target.store.readMark()]);
  if (!left && right?.role === 'target' && right.other === source.shown) {
    await target.store.writeMark(null);
    return `${target.shown} is let go, with the tasks that had come from ${source.shown}.`;
  }
  if (!left) throw new CliError(`No move from ${source.shown} was begun.`);
  const claim = await MoveClaim.take(source, target, { id: left.id, lease });
  try {
    const { phase, at } = claim.current;
    if (phase === 'moved')
      throw new CliError('All was compared and is being deleted in the source: run it again to finish.');
    const held = await target.store.settle('target');
    if (held.length > 0) throw new CliError(`Not everything can be taken back: ${held.join('; ')}.`);
    const ours = await tallyOf(source, at, () => true);
    const theirs = await tallyOf(target, at, (id) => ours.get(id) !== undefined);
    const copied = [...theirs.all()].filter(({ id, digest }) => ours.get(id)!.digest === digest);
    for (let start = 0; start < copied.length; start += BATCH) {
      await target.store.removeTasks(copied.slice(start, start + BATCH));
      progress(`took ${Math.min(start + BATCH, copied.length)} of ${copied.length} tasks out of ${target.shown}`);
    }
    await restoreBook(source, target, claim.current);
    await claim.end(target);
    return `Given up: ${source.shown} has all its tasks, ${copied.length} were taken out of ${target.shown}.`;
  } finally {
    await claim.leave();
  }
}

async function restoreBook(
  source: OpenStore,
  target: OpenStore,
  { paused, limits }: Pick<MoveMark, 'paused' | 'limits'>,
): Promise<void> {
  const [ours, theirs] = await Promise.all([source.store.exportBook(), target.store.exportBook()]);
  const copied = ours.schedules.filter(({ source: origin, name }) => {
    return origin === 'runtime' && theirs.schedules.some((schedule) => schedule.name === name);
  });
  await target.store.removeSchedules(copied.map(({ name }) => name));
  await target.store.resumeQueues(theirs.paused.filter((queue) => !paused.includes(queue)));
  await target.store.importBook({ schedules: [], sensitive: new Map(), secrets: new Map(), paused });
  // A move that an older version began has not noted them.
  if (limits) await target.store.restoreLimits?.(limits);
}
