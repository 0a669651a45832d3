import type { QueueFlow } from '../../../contract/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import { behind, FIRST_TURN, type KeyCause, MAY_COUNT, stepOf } from './slots.js';

/*
 * The usual end of a task with a key: one slot of its key is free, and the next that is held takes it. Many keys have that in
 * one transaction, and share two statements then. What is otherwise (more slots or fewer than before, a key that several tasks
 * of which have ended) is left to `settleKey`, which says the rule.
 */

/**
 * Of each of some keys, how many of its slots are taken, and its first held task. Reads `tasks_task_key`, up to one more than
 * there are slots, and one entry of what is held.
 */
export const FIRST_HELD_OF_KEYS = `
  SELECT wanted.value AS key, next.seq, next.id, next.priority,
         (SELECT count(*) FROM (
            SELECT 1 FROM tasks_task
             WHERE queue = ? AND state IN ('available', 'running') AND ${MAY_COUNT} AND key = wanted.value
             LIMIT (? + 1))) AS taken
    FROM json_each(?) AS wanted
    LEFT JOIN tasks_task AS next ON next.seq = (
      SELECT seq FROM tasks_task
       WHERE queue = ? AND state = 'held' AND ${MAY_COUNT} AND key = wanted.value
       ORDER BY priority DESC, turn, seq
       LIMIT 1)`;

/** Makes them ready, with the same turn. */
export const ADMIT_ALL = `
  UPDATE tasks_task SET state = 'available', turn = ? WHERE seq IN (SELECT value FROM json_each(?))`;

/** Fewer are settled one by one. */
const MIN_KEYS = 2;

type Held = [key: string, seq: number | null, id: string, priority: number, taken: number];

/** Ids of those that became available, and the keys that are yet to be settled. */
export interface Admitted {
  readonly admitted: readonly string[];
  readonly others: Iterable<readonly [key: string, cause: KeyCause]>;
}

/** Admits one task of each key of which a slot was given back and nothing came. */
export function admitOneOfEach(
  database: Database,
  queue: string,
  keys: ReadonlyMap<string, KeyCause>,
  flow: QueueFlow,
): Admitted {
  const slots = flow.keyConcurrency;
  // Of several slots of a key others may be in the line, behind which the next takes its turn.
  if (slots === undefined || keys.size < MIN_KEYS || (flow.fair && slots > 1)) return { admitted: [], others: keys };
  const freed = [...keys].filter(([key, { entered }]) => key !== '' && entered === 0).map(([key]) => key);
  if (freed.length < MIN_KEYS) return { admitted: [], others: keys };
  const others = new Map(keys);
  const admitted: string[] = [];
  const turns = new Turns(database, queue, flow);
  const byTurn = new Map<number | null, number[]>();
  const find = statement<[string, number, string, string], Held>(database, FIRST_HELD_OF_KEYS).raw();
  for (const [key, seq, id, priority, taken] of find.all(queue, slots, JSON.stringify(freed), queue)) {
    if (taken < slots - 1 || taken > slots) continue;
    others.delete(key);
    if (seq === null || taken === slots) continue;
    const turn = turns.of(key, priority);
    const same = byTurn.get(turn);
    if (same) same.push(seq);
    else byTurn.set(turn, [seq]);
    admitted.push(id);
  }
  const admit = statement<[number | null, string]>(database, ADMIT_ALL);
  for (const [turn, seqs] of byTurn) admit.run(turn, JSON.stringify(seqs));
  return { admitted, others };
}

/** Turns of tasks that were held and whose keys have no other in the line: a step behind its head. */
class Turns {
  private readonly heads = new Map<number, number | null>();

  constructor(
    private readonly database: Database,
    private readonly queue: string,
    private readonly flow: QueueFlow,
  ) {}

  of(key: string, priority: number): number | null {
    if (!this.flow.fair) return null;
    let head = this.heads.get(priority);
    if (head === undefined) {
      const first = statement<[string, number], number>(this.database, FIRST_TURN).pluck();
      head = first.get(this.queue, priority) ?? null;
    }
    const turn = behind(head, stepOf(this.flow, key));
    this.heads.set(priority, head ?? turn);
    return turn;
  }
}
