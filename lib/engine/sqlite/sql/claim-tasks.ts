import type { ConsumeOptions, DeliveredTask } from '../../port/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { parsePaths } from './name-rows.js';
import { traitsIn } from './task-traits.js';

/**
 * The first entries of `tasks_task_claim`, which holds available tasks alone, in this very order: the cost is that of the
 * tasks taken, however many wait or have ended.
 */
const NEXT = `
    FROM tasks_task
   WHERE state = 'available' AND queue = ?
   ORDER BY priority DESC, seq
   LIMIT ?`;

/** Params of more than this are read for each task that is taken, and none of them ahead. */
const LARGE_BYTES = 16 * 1024;
/** When a task is looked for again that waits for another one to end. */
const LOOK_AGAIN_AFTER_MS = 250;
/** Params of what is taken ahead, all together; a length of text counts as so many bytes. */
const MAX_AHEAD = 1024 * 1024;

/** Read before they are taken, in the same transaction: that costs a tenth less than having the update return them. */
export const NEXT_TASKS = `
  SELECT seq, id, name, priority, attempt + 1, excused, max_attempts, run_at, created_at, settings, sensitive, traits, lost,
         CASE WHEN octet_length(params) <= ${LARGE_BYTES} THEN params END
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

export const ALL_QUEUES = `SELECT name, paused_at, rate_started_at, rate_count FROM tasks_queue`;

export const SET_RATE = `
  INSERT INTO tasks_queue (name, rate_started_at, rate_count) VALUES (?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET rate_started_at = excluded.rate_started_at, rate_count = excluded.rate_count`;

interface QueueRow {
  readonly name: string;
  readonly paused_at: number | null;
  readonly rate_started_at: number;
  readonly rate_count: number;
}

/** As an array: a quarter of a claim's cost would be naming the columns of each row. */
type Row = [
  seq: number,
  id: string,
  name: string,
  priority: number,
  attempt: number,
  excused: number,
  maxAttempts: number | null,
  runAt: number,
  createdAt: number,
  settings: string | null,
  sensitive: string | null,
  traits: string | null,
  lost: number,
  params: string | null,
];

/** A task whose lease this process holds: `(seq, attempt, worker)` is the fence that every later write names. */
export interface ClaimedTask extends DeliveredTask {
  readonly seq: number;
  readonly worker: string;
}

/** A consumer as far as claims for it need it. */
export interface Claimant {
  readonly queue: string;
  readonly options: Pick<ConsumeOptions, 'rateLimit'>;
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
}

const NOTHING: Claim = { tasks: [], limitedUntil: null };

/** Who claims. */
export interface Claiming {
  /** Id of the worker. */
  readonly worker: string;
  readonly now: number;
  /** Losses in a row after which a task fails. */
  readonly maxLostAttempts: number;
}

/** Claims for every consumer that has room, those of the highest priority first. Paused queues are passed over. */
export function claimForAll<Consumer extends Claimant>(
  transaction: Transaction,
  consumers: readonly Consumer[],
  claiming: Claiming,
): Map<Consumer, Claim> {
  const rows = queueRows(transaction.database);
  const claims = new Map<Consumer, Claim>();
  for (const consumer of consumers) {
    const demand = consumer.hungry ? consumer.demand() : 0;
    if (demand <= 0) continue;
    const row = rows.get(consumer.queue);
    consumer.paused = row?.paused_at != null;
    consumer.claimsAhead = true;
    const claim = consumer.paused ? NOTHING : claimFor(transaction, consumer, demand, claiming, row);
    // Noted here and not when the result arrives: what is enqueued in between makes it hungry again.
    if (claim.tasks.length < demand && consumer.claimsAhead) consumer.hungry = false;
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
): Claim {
  const { now } = claiming;
  const limit = consumer.options.rateLimit;
  if (!limit) {
    const { tasks, mustWait } = take(transaction, consumer, demand, claiming);
    return { tasks, limitedUntil: mustWait ? now + LOOK_AGAIN_AFTER_MS : null };
  }
  // A window that began in the future was written before the clock was set back.
  const open = row !== undefined && now >= row.rate_started_at && now < row.rate_started_at + limit.per;
  const startedAt = open ? row.rate_started_at : now;
  const before = open ? row.rate_count : 0;
  const most = Math.min(demand, limit.max - before);
  const { tasks, mustWait } = most > 0 ? take(transaction, consumer, most, claiming) : NONE;
  const used = before + tasks.length;
  if (tasks.length > 0) {
    statement<[string, number, number]>(transaction.database, SET_RATE).run(consumer.queue, startedAt, used);
  }
  const waitUntil = mustWait ? now + LOOK_AGAIN_AFTER_MS : null;
  return { tasks, limitedUntil: used >= limit.max ? startedAt + limit.per : waitUntil };
}

interface Taken {
  readonly tasks: readonly ClaimedTask[];
  /** Whether the next task is not taken because of one that runs. */
  readonly mustWait: boolean;
}

const NONE: Taken = { tasks: [], mustWait: false };

/**
 * Takes at most so many tasks, in the order in which they are to run. Ahead of the free workers are taken only such as fit
 * into memory together, and none that may be what kills its process.
 */
function take(
  transaction: Transaction,
  consumer: Claimant,
  most: number,
  { worker, now, maxLostAttempts }: Claiming,
): Taken {
  const { database } = transaction;
  const { queue, room } = consumer;
  const found = statement<[string, number], Row>(database, NEXT_TASKS).raw().all(queue, most);
  const reached = most > room ? reach(found, room) : found.length;
  if (reached < found.length) consumer.claimsAhead = false;
  const taken = oneLastChance(database, found, reached, worker, maxLostAttempts);
  const mustWait = taken < reached;
  if (mustWait) consumer.hungry = false;
  if (taken === 0) return { tasks: [], mustWait };
  const rows = taken < found.length ? found.slice(0, taken) : found;
  statement<[string, number, string, number]>(database, CLAIM_TASKS).run(worker, now, queue, taken);
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
      ...traitsIn(traits),
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
function oneLastChance(database: Database, rows: readonly Row[], taken: number, worker: string, most: number): number {
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
function reach(rows: readonly Row[], atOnce: number): number {
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
  const rows = statement<[], QueueRow>(database, ALL_QUEUES).all();
  return new Map(rows.map((row) => [row.name, row]));
}
