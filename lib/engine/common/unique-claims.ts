import { hasEnded, type TaskState, type UniqueClaim } from '../../contract/index.js';
import type { NewTask } from '../port/index.js';

/** A key that a task has taken. */
export interface TakenKey extends Pick<UniqueClaim, 'until'> {
  readonly takenAt: number;
  /** When it is released at the latest; null: the event of `until` alone releases it. */
  readonly expiresAt: number | null;
  /** The last attempt of the task when it took the key. */
  readonly attempt: number;
}

/** The task that has taken a key, as it stands. */
export interface KeyTask {
  readonly state: TaskState;
  readonly attempt: number;
  readonly runAt: number;
}

/** The key as it is stored: tasks of one queue and name have theirs for themselves. */
export function storedKey({ queue, name }: Pick<NewTask, 'queue' | 'name'>, { key }: UniqueClaim): string {
  return JSON.stringify([queue, name, key]);
}

/** A key that is taken at `now`. */
export function takenKey({ until, for: length }: UniqueClaim, attempt: number, now: number): TakenKey {
  return { until, takenAt: now, expiresAt: length === undefined ? null : now + length, attempt };
}

/**
 * Whether a task that has taken a key holds it still. What became of the task says so: nothing has to be written when it
 * starts or ends, so nothing can be left behind by a process that dies.
 *
 *     taken ──its time is over────────────────────────> released
 *           ──until started: an attempt begins────────> released
 *           ──until ended: the task has ended─────────> released
 *           ──the task is gone────────────────────────> released
 *
 * An attempt that was claimed ahead and handed back has not begun.
 */
export function isHeld(taken: TakenKey, task: KeyTask | null, now: number): boolean {
  if (task === null || isOver(taken, now)) return false;
  if (taken.until === 'time') return true;
  return taken.until === 'ended' ? !hasEnded(task.state) : waitsFor(taken, task);
}

/** By a clock that was set back by more than its length, a key would be held for longer than twice its time. */
function isOver({ takenAt, expiresAt }: TakenKey, now: number): boolean {
  return expiresAt !== null && (now >= expiresAt || takenAt - now > expiresAt - takenAt);
}

/** Whether a task waits for the first attempt after it took its key. */
function waitsFor({ attempt }: TakenKey, task: KeyTask): boolean {
  return !hasEnded(task.state) && task.attempt === attempt;
}

/** What becomes of a new task whose key is held. */
export type HeldVerdict = 'keep' | 'reject' | 'replace' | 'join';

/** @param held as {@link isHeld} found it */
export function verdictOn({ onConflict }: UniqueClaim, held: { taken: TakenKey; task: KeyTask }): HeldVerdict {
  if (onConflict === 'keep' || onConflict === 'reject') return onConflict;
  return waitsFor(held.taken, held.task) ? onConflict : 'keep';
}

/**
 * When a task starts that another one has replaced. One that is due is put off no more.
 *
 * @param wanted when the new one would start
 */
export function replacedRunAt(
  { wait, max = Infinity }: UniqueClaim,
  wanted: number,
  { taken, task }: { taken: TakenKey; task: KeyTask },
  now: number,
): number {
  if (wait === undefined) return wanted;
  return task.runAt <= now ? task.runAt : Math.min(wanted, taken.takenAt + max);
}

/** Params of a waiting task, with the list of a new one added to its own; null where they would not be one. */
export function joinedParams(
  waiting: string,
  added: string,
  { field, maxBytes }: NonNullable<UniqueClaim['join']>,
): string | null {
  const params = objectIn(waiting);
  const [before, more] = [params?.[field], objectIn(added)?.[field]];
  if (!params || !Array.isArray(before) || !Array.isArray(more)) return null;
  // Defined, as a field may have the name of a setter.
  Object.defineProperty(params, field, {
    value: [...(before as unknown[]), ...(more as unknown[])],
    enumerable: true,
    configurable: true,
    writable: true,
  });
  const json = JSON.stringify(params);
  return Buffer.byteLength(json) <= maxBytes ? json : null;
}

function objectIn(json: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
