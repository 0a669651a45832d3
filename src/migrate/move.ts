import { PANEL_KEY_SECRET } from '../../lib/admin/index.js';
import { messageOf, plural } from '../../lib/contract/index.js';
import {
  MOVED_AT_A_TIME,
  type MoveMark,
  sizeOfStored,
  type StoreBook,
  type StoredTask,
} from '../../lib/engine/port/transfer-store.js';
import { CliError } from '../cli/usage-error.js';
import { isAlike, rowOf } from './canonical-row.js';
import { MoveClaim, type MoveOptions } from './move-claim.js';
import type { OpenStore } from './open-store.js';
import { compare, differences, Tally } from './tally.js';

/** Tasks that are stored, or removed, together; fewer are stored where they are large. */
const BATCH = 500;
const MAX_NAMED = 10;

type Progress = MoveOutput['progress'];

export interface MoveOutput {
  /** How far it is; much, and not for everybody. */
  progress(text: string): void;
  /** Both sides were compared, and are alike. */
  compared(report: string): void;
}

/**
 * Moves all tasks that wait or have failed, schedules, and pauses:
 *
 *     mark both stores ──> copy ──> compare ──> mark the source as moved ──> delete there ──> take the marks away
 *
 * It may be killed at any moment and called again: up to the comparison the source has all, and what is in the target
 * already is left as it is; after it, only what is in the target is deleted. No process can begin to work on either
 * store while it has a mark, so that no task runs twice.
 *
 * @returns the number of tasks that came into the source meanwhile, and are still there
 * @throws CliError where a process works on either store, or the two differ in the end
 */
export async function move(
  source: OpenStore,
  target: OpenStore,
  options: MoveOptions,
  { progress, compared }: MoveOutput,
): Promise<number> {
  const claim = await MoveClaim.take(source, target, options);
  try {
    const { at, phase } = claim.current;
    const released = phase === 'moved' && !(await target.store.readMark());
    // The target may be worked on again by then.
    if (!released) await assertIdle(claim, source, target);
    if (phase === 'copying') {
      // A queue that is paused gives nothing out, and failed tasks are given out to fail. No worker can begin meanwhile.
      await target.store.resumeQueues(claim.current.paused);
      const copied = await copy(claim, source, target, progress);
      await claim.moved(await finishAndCompare(source, target, copied, claim.current, progress));
      compared(claim.current.report!);
      await remove(claim, source, copied, progress);
    } else {
      compared(claim.current.report!);
      // Before the target is released, all that was moved is deleted.
      if (!released) await remove(claim, source, await inBoth(source, target, at), progress);
    }
    await claim.end(target);
    return (await tallyOf(source, at, () => true)).size;
  } catch (error) {
    if (error instanceof CliError) throw error;
    const again = 'The move is not finished: run the command again to go on.';
    throw new CliError(`${messageOf(error)}\n${again}`, { cause: error });
  } finally {
    await claim.leave();
  }
}

/** Names who works on either store, and what is still held there. Takes the marks away again that were just written. */
async function assertIdle(claim: MoveClaim, source: OpenStore, target: OpenStore): Promise<void> {
  const inTheWay: string[] = [];
  for (const { shown, store } of [source, target]) {
    for (const worker of await store.workers()) inTheWay.push(`${shown}: ${worker}`);
  }
  if (inTheWay.length === 0) {
    for (const [{ shown, store }, role] of [
      [source, 'source'],
      [target, 'target'],
    ] as const) {
      for (const held of await store.settle(role)) inTheWay.push(`${shown}: ${held}`);
    }
  }
  if (inTheWay.length === 0) return;
  if (!claim.resumed) await claim.end(target);
  throw new CliError(stopFirst(inTheWay));
}

export function stopFirst(inTheWay: readonly string[]): string {
  const others = inTheWay.length > MAX_NAMED ? [`and ${inTheWay.length - MAX_NAMED} more`] : [];
  return [
    'Tasks are moved while nothing works on them. Stop first:',
    ...[...inTheWay.slice(0, MAX_NAMED), ...others].map((line) => `  ${line}`),
  ].join('\n');
}

/** Resolves to what was compared. */
async function finishAndCompare(
  source: OpenStore,
  target: OpenStore,
  copied: Tally,
  { at, paused }: MoveMark,
  progress: Progress,
): Promise<string> {
  const arrived = new Tally();
  for await (const task of target.store.exportTasks()) {
    const [there, here] = [copied.get(task.id), rowOf(task, at)];
    // Equal rows are kept once: for a million tasks that is half of the memory.
    if (there) arrived.add(isAlike(there, here) ? there : here);
  }
  progress(`compared ${plural(arrived.size, 'task')}`);
  const book = await source.store.exportBook();
  const report = [compare(copied, arrived), bookReport(book)].join('\n');
  assertAlike(source, target, copied, arrived, report);
  // The outbox's name for a store stays with it: what waits for the one is not for the other.
  const secrets = new Map([...book.secrets].filter(([name]) => name === PANEL_KEY_SECRET));
  await target.store.importBook({ ...book, secrets, paused: [...new Set([...book.paused, ...paused])] });
  assertSameBook(target, book, await target.store.exportBook());
  if (await target.store.flush()) return report;
  return `${report}\nRedis writes no append-only file: a crash of it loses what came after its last snapshot.`;
}

async function copy(claim: MoveClaim, source: OpenStore, target: OpenStore, progress: Progress): Promise<Tally> {
  const { at } = claim.current;
  const copied = new Tally();
  let batch: StoredTask[] = [];
  let size = 0;
  const store = async (): Promise<void> => {
    await claim.assertHeld();
    await target.store.importTasks(batch);
    batch = [];
    size = 0;
    progress(`copied ${plural(copied.size, 'task')}`);
  };
  for await (const task of source.store.exportTasks()) {
    copied.add(rowOf(task, at));
    size += sizeOfStored(task);
    if (batch.push(task) === BATCH || size >= MOVED_AT_A_TIME) await store();
  }
  if (batch.length > 0) await store();
  return copied;
}

export async function tallyOf({ store }: OpenStore, at: number, wanted: (id: string) => boolean): Promise<Tally> {
  const tally = new Tally();
  for await (const task of store.exportTasks()) if (wanted(task.id)) tally.add(rowOf(task, at));
  return tally;
}

/** The tasks that a move which was killed while it deleted has still to delete. */
async function inBoth(source: OpenStore, target: OpenStore, at: number): Promise<Tally> {
  const waiting = await tallyOf(source, at, () => true);
  return tallyOf(target, at, (id) => waiting.get(id) !== undefined);
}

async function remove(claim: MoveClaim, { store, shown }: OpenStore, moved: Tally, progress: Progress): Promise<void> {
  const rows = [...moved.all()];
  for (let start = 0; start < rows.length; start += BATCH) {
    await claim.assertHeld();
    await store.removeTasks(rows.slice(start, start + BATCH));
    progress(`deleted ${Math.min(start + BATCH, rows.length)} of ${plural(rows.length, 'task')} in ${shown}`);
  }
  await store.removeSchedules((await store.exportBook()).schedules.map(({ name }) => name));
}

export function bookReport({ schedules, paused }: StoreBook): string {
  return `${plural(schedules.length, 'schedule')}, ${plural(paused.length, 'paused queue')}`;
}

function assertAlike(source: OpenStore, target: OpenStore, copied: Tally, arrived: Tally, report: string): void {
  const { missing, unlike } = differences(copied, arrived);
  if (missing.length === 0 && unlike.length === 0) return;
  throw new CliError(
    [
      `${source.shown} and ${target.shown} differ, so nothing was deleted:`,
      ...named(missing, 'is missing in the target, or has ended there'),
      ...named(unlike, 'is not the same in the target'),
      report,
      'Delete those tasks on the side where they are not wanted and run the command again, or give it up with --abandon.',
    ].join('\n'),
  );
}

/** One line a task, up to so many. */
export function named(ids: readonly string[], what: string): string[] {
  const others = ids.length > MAX_NAMED ? [`  and ${ids.length - MAX_NAMED} more`] : [];
  return [...ids.slice(0, MAX_NAMED).map((id) => `  task ${id} ${what}`), ...others];
}

function assertSameBook(target: OpenStore, source: StoreBook, copied: StoreBook): void {
  const paused = source.paused.find((queue) => !copied.paused.includes(queue));
  if (paused !== undefined)
    throw new CliError(`Queue "${paused}" is not paused in ${target.shown}: nothing was deleted.`);
  const pauses = new Set(copied.pauses?.map((selector) => JSON.stringify(selector)));
  const lacking = source.pauses?.find((selector) => !pauses.has(JSON.stringify(selector)));
  if (lacking) throw new CliError(`${JSON.stringify(lacking)} is not paused in ${target.shown}: nothing was deleted.`);
  const arrived = new Map(copied.schedules.map((schedule) => [schedule.name, definitionOf(schedule)]));
  const unlike = source.schedules.find((schedule) => arrived.get(schedule.name) !== definitionOf(schedule));
  if (unlike) throw new CliError(`Schedule "${unlike.name}" is not the same in ${target.shown}: nothing was deleted.`);
}

/** Not what came of it: a tick that was missed in the source is made up for in the target. */
function definitionOf(status: StoreBook['schedules'][number]): string {
  const { nextRunAt: _next, lastRunAt: _at, lastTaskId: _id, lastTaskIds: _ids, ...schedule } = status;
  return JSON.stringify(Object.entries(schedule).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
