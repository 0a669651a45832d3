import type { ConsumeOptions, DeliveredTask } from '../../port/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { claimTurns, type FlowLimits, flowLimits, nextTurns } from './claim-turns.js';
import { CLAIMED_COLUMNS, type ClaimedRow } from './claimed-row.js';
import { type FlowColumns, parsedFlow } from './flow-rows.js';
import { type Closing, closedUntil } from './closed-limits.js';
import { Gates } from './gates.js';
import { type Pause, pauseIn } from './pause-rows.js';
import { parsePaths } from './name-rows.js';
import type { NamedLimit } from './start-log.js';
import { keyedTraits, traitsIn } from './task-traits.js';

/**
 * The first entries of `tasks_task_claim`, which holds available tasks without a key alone, in this very order: the cost is
 * that of the tasks taken, however many wait or have ended.
 */
const NEXT = `
    FROM tasks_task
   WHERE state = 'available' AND key IS NULL AND parked IS NULL AND queue = ?
   ORDER BY priority DESC, seq
   LIMIT (? + 0)`;

/** When a task is looked for again that waits for another one to end. */
const LOOK_AGAIN_AFTER_MS = 250;
/** Params of what is taken ahead, all together; a length of text counts as so many bytes. */
const MAX_AHEAD = 1024 * 1024;

/** Read before they are taken, in the same transaction: that costs a tenth less than having the update return them. */
export const NEXT_TASKS = `
  SELECT ${CLAIMED_COLUMNS}
  ${NEXT}`;

export const PARAMS_OF_TASK = `SELECT params FROM tasks_task WHERE seq = ?`;

/** Reads `tasks_task_running`. Asked only where a task that may not be lost again is about to be taken. */
export const RUNS_LAST_CHANCE = `
  SELECT 1 FROM tasks_task
   WHERE state = 'running' AND worker = ? AND lost >= ?
   LIMIT 1`;

/** Takes the lease of those. */
export const CLAIM_TASKS = `
  UPDATE tasks_task
     SET state = 'running', attempt = attempt + 1, worker = ?, started_at = ?, cancel_requested = 0, progress = NULL
   WHERE seq IN (SELECT seq ${NEXT})`;

/** With the pauses of some tasks, which are few. */
export const ALL_QUEUES = `
  SELECT name, paused_at, closed_at, closed_until, keyed, flow, flow_set, NULL AS pause FROM tasks_queue
  UNION ALL
  SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, selector FROM tasks_pause`;

interface QueueRow extends FlowColumns, Closing {
  readonly name: string;
  /** Some of its tasks have a key. */
  readonly keyed: 1 | null;
  readonly paused_at: number | null;
}

/** A task whose lease this process holds: `(seq, attempt, worker)` is the fence that every later write names. */
export interface ClaimedTask extends DeliveredTask {
  readonly seq: number;
  readonly worker: string;
  /** The limits of which it was lent a place; absent where there are none. */
  readonly limits?: readonly NamedLimit[];
}

/** A consumer as far as claims for it need it. */
export interface Claimant {
  readonly queue: string;
  readonly options: Pick<ConsumeOptions, 'rateLimit' | 'limits'>;
  /** Whether a claim might find something: true until one came back with less than was asked for. */
  hungry: boolean;
  /** False after a claim that took less ahead than there is: from then on tasks are claimed for free workers alone. */
  claimsAhead: boolean;
  /** As the store last said: nothing begins. */
  paused: boolean;
  /** How many tasks to claim now; 0 while there are enough at hand. */
  demand(): number;
  /** Workers that are free, and have nothing claimed for them. */
  readonly room: number;
}

/** The tasks that one round of claims brought for one consumer. */
export interface Claim {
  readonly tasks: readonly ClaimedTask[];
  /** When the next task may be let through, by a rate limit for instance; null where nothing is in the way. */
  readonly limitedUntil: number | null;
  /** The claim did not look at all there is, so that others come to write; there is more to look at now. */
  readonly isInterrupted?: boolean;
}

const NOTHING: Claim = { tasks: [], limitedUntil: null };

/** Who claims. */
export interface Claiming {
  /** Id of the worker. */
  readonly worker: string;
  readonly now: number;
  /** Losses in a row after which a task fails. */
  readonly maxLostAttempts: number;
  /** How long after its claim an attempt may begin without another look at its lease, in milliseconds. */
  readonly trustedFor: number;
}

/** Claims for every consumer that has room, those of the highest priority first. Paused queues are passed over. */
export function claimForAll<Consumer extends Claimant>(
  transaction: Transaction,
  consumers: readonly Consumer[],
  claiming: Claiming,
): Map<Consumer, Claim> {
  const { queues: rows, pauses } = readQueues(transaction.database);
  const claims = new Map<Consumer, Claim>();
  for (const consumer of consumers) {
    let demand = consumer.hungry ? consumer.demand() : 0;
    if (demand <= 0) continue;
    const row = rows.get(consumer.queue);
    consumer.paused = row?.paused_at != null;
    consumer.claimsAhead = true;
    const limits = row && flowLimits(transaction.database, row);
    if (limits && !limits.ahead) {
      consumer.claimsAhead = false;
      demand = Math.min(demand, consumer.room);
    }
    if (demand <= 0) continue;
    const claim = consumer.paused ? NOTHING : claimFor(transaction, consumer, demand, claiming, row, limits, pauses);
    // Noted here and not when the result arrives: what is enqueued in between makes it hungry again.
    const found = claim.tasks.length;
    if (found < demand && (consumer.claimsAhead || (limits && !limits.ahead)))
      consumer.hungry = claim.isInterrupted === true;
    claims.set(consumer, claim);
  }
  return claims;
}

function claimFor(
  transaction: Transaction,
  consumer: Claimant,
  demand: number,
  claiming: Claiming,
  row: QueueRow | undefined,
  limits: FlowLimits | undefined,
  pauses: readonly Pause[],
): Claim {
  const { now } = claiming;
  const closed = row ? closedUntil(row, now) : null;
  if (closed !== null) return { tasks: [], limitedUntil: closed };
  const { queue, options } = consumer;
  const set = row && row.flow_set !== null ? parsedFlow(row.flow_set).rateLimit : undefined;
  const rateLimit = set ?? options.rateLimit;
  const keyRateLimit = limits?.keyRateLimit;
  const own = pauses.filter(({ selector }) => selector.queue === undefined || selector.queue === queue);
  if (own.length > 0 || rateLimit || options.limits || keyRateLimit) {
    const gated = { rateLimit, limits: options.limits, keyRateLimit, pauses: own };
    const gates = new Gates(transaction, queue, gated, now, claiming.trustedFor);
    return claimGated(transaction, consumer, demand, claiming, limits, gates);
  }
  const { tasks, mustWait } = take(transaction, consumer, demand, claiming, limits);
  return { tasks, limitedUntil: mustWait ? now + LOOK_AGAIN_AFTER_MS : null };
}

/** Nothing is taken ahead of the free workers: a place that is lent to a task that waits here is one that others lack. */
function claimGated(
  transaction: Transaction,
  consumer: Claimant,
  most: number,
  claiming: Claiming,
  flow: FlowLimits | undefined,
  gates: Gates,
): Claim {
  const open = Math.min(gates.isLimited ? Math.min(most, consumer.room) : most, gates.free);
  if (open <= 0) return { tasks: [], limitedUntil: gates.nextAt([]) };
  gates.open(open);
  const { tasks, mustWait } = take(transaction, consumer, open, claiming, flow, gates);
  const lent = gates.lend(tasks);
  const nextAt = gates.nextAt(tasks);
  const isInterrupted = gates.isInterrupted;
  if (!mustWait) return { tasks: lent, limitedUntil: nextAt, isInterrupted };
  return { tasks: lent, limitedUntil: Math.min(nextAt ?? Infinity, claiming.now + LOOK_AGAIN_AFTER_MS) };
}

interface Taken {
  readonly tasks: readonly ClaimedTask[];
  /** Whether the next task is not taken because of one that runs. */
  readonly mustWait: boolean;
}

/**
 * Takes at most so many tasks, in the order in which they are to run. Ahead of the free workers are taken only such as fit
 * into memory together, and none that may be what kills its process.
 */
function take(
  transaction: Transaction,
  consumer: Claimant,
  most: number,
  { worker, now, maxLostAttempts }: Claiming,
  limits: FlowLimits | undefined,
  gates?: Gates,
): Taken {
  const { database } = transaction;
  const { queue, room } = consumer;
  const find = (count: number): readonly ClaimedRow[] => {
    const plain = statement<[string, number], ClaimedRow>(database, NEXT_TASKS).raw().all(queue, count);
    return limits ? nextTurns(database, queue, plain, count, limits) : plain;
  };
  const found = gates ? gates.passing(most, find) : find(most);
  const reached = most > room ? reach(found, room) : found.length;
  if (reached < found.length) consumer.claimsAhead = false;
  const taken = oneLastChance(database, found, reached, worker, maxLostAttempts);
  const mustWait = taken < reached;
  if (mustWait) consumer.hungry = false;
  if (taken === 0) return { tasks: [], mustWait };
  const rows = taken < found.length ? found.slice(0, taken) : found;
  if (limits) claimTurns(database, worker, now, rows);
  else statement<[string, number, string, number]>(database, CLAIM_TASKS).run(worker, now, queue, taken);
  const tasks = rows.map(
    ([
      seq,
      id,
      name,
      priority,
      attempt,
      excused,
      maxAttempts,
      runAt,
      createdAt,
      settings,
      sensitive,
      traits,
      key,
      ,
      params,
    ]) => ({
      seq,
      worker,
      id,
      queue,
      name,
      params: params ?? paramsOf(database, seq),
      priority,
      runAt,
      createdAt,
      maxAttempts,
      settings,
      sensitive: sensitive === null ? [] : parsePaths(sensitive),
      attempt,
      excusedAttempts: excused,
      ...(limits ? keyedTraits(traits, key) : traitsIn(traits)),
    }),
  );
  transaction.moved(queue, 'available', 'running', tasks.length);
  for (const { id } of tasks) transaction.touch(queue, id);
  return { tasks, mustWait };
}

/**
 * How many of so many rows to take: a process runs one task at a time that fails if it is lost once more. What was lost
 * together comes back together, and one task that kills its process would take those beside it along each time.
 */
function oneLastChance(
  database: Database,
  rows: readonly ClaimedRow[],
  taken: number,
  worker: string,
  most: number,
): number {
  const enough = Math.max(most - 1, 1);
  let others: boolean | null = null;
  for (let index = 0; index < taken; index += 1) {
    const lost = rows[index]!.at(-2) as number;
    if (lost < enough) continue;
    others ??= statement<[string, number]>(database, RUNS_LAST_CHANCE).get(worker, enough) !== undefined;
    if (others) return index;
    others = true;
  }
  return taken;
}

/** How many of the rows to take, the first `atOnce` of which are for free workers. */
function reach(rows: readonly ClaimedRow[], atOnce: number): number {
  let bytes = 0;
  for (let index = 0; index < rows.length; index += 1) {
    const [lost, params] = rows[index]!.slice(-2) as [number, string | null];
    if (index < atOnce) {
      if (lost > 0 && rows.length > atOnce) return atOnce;
      continue;
    }
    bytes += params?.length ?? Infinity;
    if (lost > 0 || bytes > MAX_AHEAD) return index;
  }
  return rows.length;
}

function paramsOf(database: Database, seq: number): string {
  return statement<[number], string>(database, PARAMS_OF_TASK).pluck().get(seq)!;
}

/** Facts about queues that the processes share. A queue that was never paused nor limited has no row. */
export function queueRows(database: Database): Map<string, QueueRow> {
  return readQueues(database).queues;
}

/** The same, and the pauses of some tasks. */
export function readQueues(database: Database): { queues: Map<string, QueueRow>; pauses: readonly Pause[] } {
  const rows = statement<[], QueueRow & { readonly pause: string | null }>(database, ALL_QUEUES).all();
  const queues = new Map<string, QueueRow>();
  const pauses: Pause[] = [];
  for (const row of rows) {
    if (row.pause === null) queues.set(row.name, row);
    else pauses.push(pauseIn(row.pause));
  }
  return { queues, pauses };
}
