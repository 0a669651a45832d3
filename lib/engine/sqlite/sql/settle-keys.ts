import type { EntityManager } from 'typeorm';
import type { QueueFlow, TaskState } from '../../../contract/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import { FLOW_OF_QUEUE, type FlowColumns, flowIn, flowOf } from './flow-rows.js';
import { admitOneOfEach } from './admit-one-of-each.js';
import { type KeyCause, settleKey, type Settled, type Steps } from './slots.js';

/** Claims look for tasks with keys from then on. */
export const NOTE_KEYED = `
  INSERT INTO tasks_queue (name, keyed) VALUES (?, 1)
  ON CONFLICT (name) DO UPDATE SET keyed = 1 WHERE keyed IS NULL`;

/**
 * A task that had its turn stands at the head of the line again, and no further ahead: new keys take their place from there,
 * and would come before all that have waited longer.
 */
export const REJOIN = `
  UPDATE tasks_task
     SET turn = max(turn, coalesce((
           SELECT line.turn FROM tasks_task AS line
            WHERE line.queue = tasks_task.queue AND line.state = 'available' AND line.key IS NOT NULL
              AND line.parked IS NULL
              AND line.priority = tasks_task.priority AND line.turn IS NOT NULL AND line.seq <> tasks_task.seq
            ORDER BY line.turn
            LIMIT 1), turn))
   WHERE seq = ? AND turn IS NOT NULL`;

/** A write transaction, as far as the slots of keys are concerned. */
interface Keeping {
  readonly database: Database;
  /** Queues in which something may be claimed once it is committed. */
  readonly available: Set<string>;
  readonly keys: KeyCauses;
  moved(queue: string, from: TaskState, to: TaskState, count: number): void;
  touch(queue: string, id: string): void;
}

/** What happened to the tasks of keys in one transaction, by queue and key. */
export class KeyCauses {
  private readonly queues = new Map<string, Map<string, { freed: boolean; entered: number }>>();

  freed(queue: string, key: string): void {
    this.of(queue, key).freed = true;
  }

  entered(queue: string, key: string): void {
    this.of(queue, key).entered += 1;
  }

  /** Gives out their slots. Returns how many tasks became available, or are held again. */
  settle(transaction: Keeping): number {
    let changed = 0;
    for (const [queue, keys] of this.queues) changed += settleKeysOf(transaction, queue, keys);
    this.queues.clear();
    return changed;
  }

  byQueue(): Iterable<[queue: string, keys: ReadonlyMap<string, KeyCause>]> {
    return this.queues;
  }

  private of(queue: string, key: string): { freed: boolean; entered: number } {
    let keys = this.queues.get(queue);
    if (!keys) this.queues.set(queue, (keys = new Map()));
    let cause = keys.get(key);
    if (!cause) keys.set(key, (cause = { freed: false, entered: 0 }));
    return cause;
  }
}

/** A task whose state changes. */
export interface KeyedTask {
  readonly seq: number;
  readonly queue: string;
  /** Null for a plain task, of which nothing is to be noted. */
  readonly key: string | null | undefined;
}

/** The state of a task that may run now: with a key it is held until its key has a slot for it, which may be at once. */
export function readyState({ key }: Pick<KeyedTask, 'key'>): 'available' | 'held' {
  return key == null ? 'available' : 'held';
}

/** Notes what the change of a task's state means for the slots of its key. Those are given out at the end of the transaction. */
export function noteSlot(transaction: Keeping, task: KeyedTask, from: TaskState, to: TaskState | null): void {
  const { seq, queue, key } = task;
  if (key == null) return;
  if (to === 'held') transaction.keys.entered(queue, key);
  if (from === 'running' && to === 'available') {
    statement<[number]>(transaction.database, REJOIN).run(seq);
    // It keeps its slot, unless there are fewer than there were.
    transaction.keys.freed(queue, key);
  } else if (hasSlot(from) && !hasSlot(to)) transaction.keys.freed(queue, key);
}

function hasSlot(state: TaskState | null): boolean {
  return state === 'available' || state === 'running';
}

/** Gives out the slots of some keys of a queue. Returns how many tasks changed their state. */
function settleKeysOf(transaction: Keeping, queue: string, keys: ReadonlyMap<string, KeyCause>): number {
  const flow = flowOf(transaction.database, queue);
  if ([...keys.values()].some(({ entered }) => entered > 0)) {
    statement<[string]>(transaction.database, NOTE_KEYED).run(queue);
  }
  let changed = 0;
  const { others, admitted } = admitOneOfEach(transaction.database, queue, keys, flow);
  note(transaction, queue, { admitted, held: [] });
  changed += admitted.length;
  for (const [key, cause] of others) {
    const settled = settle(transaction.database, queue, key, cause, flow);
    changed += settled.admitted.length + settled.held.length;
    note(transaction, queue, settled);
  }
  // What may run beside each other in all may be one more.
  if (flow.globalConcurrency !== undefined) transaction.available.add(queue);
  return changed;
}

function note(transaction: Keeping, queue: string, { admitted, held }: Settled): void {
  if (admitted.length > 0) transaction.moved(queue, 'held', 'available', admitted.length);
  transaction.moved(queue, 'available', 'held', held.length);
  for (const id of [...admitted, ...held]) transaction.touch(queue, id);
}

function settle(database: Database, queue: string, key: string, cause: KeyCause, flow: QueueFlow): Settled {
  const steps: Steps<Settled> = settleKey(queue, key, cause, flow);
  let step = steps.next();
  while (!step.done) {
    const [sql, parameters] = step.value;
    step = steps.next(statement<unknown[]>(database, sql).all(parameters));
  }
  return step.value;
}

/** {@link settleKeys} within a caller's transaction. Resolves to how many tasks are available by it, by queue. */
export async function settleKeysWithin(manager: EntityManager, causes: KeyCauses): Promise<Map<string, number>> {
  const ready = new Map<string, number>();
  for (const [queue, keys] of causes.byQueue()) {
    const [row]: (FlowColumns | undefined)[] = await manager.query(FLOW_OF_QUEUE, [queue]);
    const flow = flowIn(row);
    await manager.query(NOTE_KEYED, [queue]);
    let count = 0;
    for (const [key, cause] of keys) {
      const steps: Steps<Settled> = settleKey(queue, key, cause, flow);
      let step = steps.next();
      while (!step.done) step = steps.next(await manager.query(step.value[0], step.value[1]));
      count += step.value.admitted.length - step.value.held.length;
    }
    ready.set(queue, count);
  }
  return ready;
}
