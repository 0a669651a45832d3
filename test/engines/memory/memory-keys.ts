import { DuplicateTaskError, type UniqueClaim } from '../../../lib/contract/index.js';
import {
  isHeld,
  joinedParams,
  replacedRunAt,
  storedKey,
  takenKey,
  type TakenKey,
  verdictOn,
} from '../../../lib/engine/common/index.js';
import type { EnqueueAnswer, NewTask } from '../../../lib/engine/port/index.js';
import type { MemoryStore, Row } from './memory-store.js';

/** The tasks that took unique keys last. */
export class MemoryKeys {
  private readonly keys = new Map<
    string,
    { readonly id: string; readonly taken: TakenKey; readonly merged: Set<string> }
  >();

  constructor(private readonly store: MemoryStore) {}

  /** The task that holds the key of another; undefined where none does. */
  holder(task: NewTask, now: number): { readonly row: Row; readonly taken: TakenKey } | undefined {
    const found = this.keys.get(storedKey(task, task.traits!.unique!));
    const row = this.store.rows.get(found?.id ?? '');
    return found && row && isHeld(found.taken, row.task, now) ? { row, taken: found.taken } : undefined;
  }

  take(task: NewTask, attempt: number, now: number): void {
    const claim = task.traits!.unique!;
    this.keys.set(storedKey(task, claim), { id: task.id, taken: takenKey(claim, attempt, now), merged: new Set() });
  }

  /** Has a task that had ended take its key again; returns the id of the one that holds it, where that is another. */
  takeAgain({ given, task }: Row, now: number): string | undefined {
    if (!given.traits?.unique) return undefined;
    const holder = this.holder(given, now)?.row.task.id;
    if (holder !== undefined && holder !== task.id) return holder;
    this.take(given, task.attempt, now);
    return undefined;
  }

  /** Until when a task is kept as it holds a key by time. */
  keptUntil({ given, task }: Row): number {
    const { unique } = given.traits ?? {};
    const found = unique?.until === 'time' ? this.keys.get(storedKey(given, unique)) : undefined;
    return found?.id === task.id ? (found.taken.expiresAt ?? 0) : 0;
  }

  /** @throws DuplicateTaskError where one of `tasks` says so of a key that is held */
  refuse(tasks: readonly NewTask[], now: number): void {
    const own = new Map<string, string>();
    for (const task of tasks.filter(({ traits }) => traits?.unique)) {
      const key = storedKey(task, task.traits!.unique!);
      const holder = own.get(key) ?? this.holder(task, now)?.row.task.id;
      if (holder !== undefined && task.traits!.unique!.onConflict === 'reject')
        throw new DuplicateTaskError(task.name, task.queue, holder);
      own.set(key, holder ?? task.id);
    }
  }

  /** What becomes of a task whose key is held; null where it is to be stored. */
  merge(given: NewTask, claim: UniqueClaim, now: number): EnqueueAnswer | null {
    const found = this.holder(given, now);
    if (!found) return null;
    const { row, taken } = found;
    const { merged } = this.keys.get(storedKey(given, claim))!;
    if (given.mayExist && merged.has(given.id)) return { holder: row.task.id };
    const verdict = verdictOn(claim, { taken, task: row.task });
    if (verdict === 'replace') {
      const { unique } = row.given.traits!;
      const runAt = replacedRunAt(claim, given.runAt, { taken, task: row.task }, now);
      Object.assign(row.given, {
        params: given.params,
        sensitive: given.sensitive,
        traits: { ...given.traits, unique },
      });
      Object.assign(row.task, { priority: given.priority, runAt, ...given.traits, unique });
      this.store.move(row, runAt > now ? 'scheduled' : 'available');
    }
    if (verdict === 'join') {
      const params = joinedParams(row.given.params, given.params, claim.join!);
      if (params === null) return null;
      Object.assign(row.given, { params });
    }
    merged.add(given.id);
    return { holder: row.task.id };
  }
}
