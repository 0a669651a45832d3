import type { EntityManager } from 'typeorm';
import type { TaskState } from '../../../contract/index.js';
import { statement } from '../store/statement.js';
import { KeyCauses } from './settle-keys.js';
import { ADD_COUNT, type Transaction } from '../store/transaction.js';

type Value = string | number | null;

/** A statement that a script asks for. It is given the rows. */
export type ScriptStep = readonly [sql: string, parameters: readonly Value[]];

/**
 * Statements of which later ones depend on what earlier ones found. The same runs in the engine's transaction and in one
 * of the app.
 */
export type Script<Result> = Generator<ScriptStep, Result, readonly unknown[]>;

/** What a script tells of its changes, as {@link Transaction} is told. */
export type ScriptNotes = Pick<Transaction, 'moved' | 'touch' | 'due' | 'lapses'> & {
  readonly keys: Pick<KeyCauses, 'entered' | 'freed'>;
};

/** Runs a script at once, in the engine's transaction. */
export function runScript<Result>({ database }: Pick<Transaction, 'database'>, script: Script<Result>): Result {
  let step = script.next();
  while (!step.done) {
    const [sql, parameters] = step.value;
    const query = statement<Value[]>(database, sql);
    if (query.reader) step = script.next(query.all(...parameters));
    else {
      query.run(...parameters);
      step = script.next([]);
    }
  }
  return step.value;
}

/** Runs a script in the transaction of `manager`. */
export async function runScriptWithin<Result>(manager: EntityManager, script: Script<Result>): Promise<Result> {
  let step = script.next();
  while (!step.done) {
    const [sql, parameters] = step.value;
    const found: unknown = await manager.query(sql, [...parameters]);
    step = script.next(Array.isArray(found) ? (found as unknown[]) : []);
  }
  return step.value;
}

/** Counts what scripts move in a transaction of the app, where nothing else is told of it. */
export class MovedCounts implements ScriptNotes {
  readonly keys = new KeyCauses();
  private readonly counts = new Map<string, [queue: string, state: TaskState, count: number]>();

  moved(queue: string, from: TaskState | null, to: TaskState | null, count = 1): void {
    if (from) this.add(queue, from, -count);
    if (to) this.add(queue, to, count);
  }

  touch(): void {}

  due(): void {}

  lapses(): void {}

  async store(manager: EntityManager): Promise<void> {
    for (const count of this.counts.values()) if (count[2] !== 0) await manager.query(ADD_COUNT, count);
  }

  private add(queue: string, state: TaskState, count: number): void {
    const key = `${state} ${queue}`;
    const sum = this.counts.get(key) ?? [queue, state, 0];
    sum[2] += count;
    this.counts.set(key, sum);
  }
}
