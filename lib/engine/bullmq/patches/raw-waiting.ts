import { wallTime } from '../../../clock/index.js';
import type { TaskTraits } from '../../../contract/index.js';
import { type Connections, isPgPool } from '../connections/connections.js';
import type { TaskNotes } from '../stored-job.js';
import type { TaskQueue } from '../task-job.js';

/** A job as it is to stand in the store, all of it in one step. */
export interface AmendedJob {
  /** JSON text; null: as it was. */
  readonly data: string | null;
  readonly opts: string;
  /** BullMQ's. */
  readonly priority: number;
  /** When it is due; null: as it was. */
  readonly runAt: number | null;
  /** Whether it comes behind all others of its priority. */
  readonly isMoved: boolean;
}

/** See {@link RawWaiting.seize}. */
const SEIZE = `
  local id = ARGV[1]
  if redis.call('GET', KEYS[6]) == ARGV[2] then
    redis.call('PEXPIRE', KEYS[6], ARGV[3])
    return 1
  end
  local taken = redis.call('ZREM', KEYS[1], id) + redis.call('ZREM', KEYS[2], id)
  if taken == 0 then taken = redis.call('LREM', KEYS[3], -1, id) + redis.call('LREM', KEYS[4], -1, id) end
  if taken == 0 then return 0 end
  redis.call('LPUSH', KEYS[5], id)
  redis.call('SET', KEYS[6], ARGV[2], 'PX', ARGV[3])
  return 1`;

/** But for what is on record of its steps, which may change meanwhile: see `PostgresSteps`. */
const OPTS_OF_ROW = `
  SELECT opts - ARRAY['steps', 'signals', 'waits'] AS opts FROM job WHERE queue = $1 AND id = $2`;

/** See {@link RawWaiting.amend}. A delay of null leaves it where it waits. */
const AMEND_ROW = `
  UPDATE job
     SET data = coalesce($3::jsonb, data), priority = $5,
         opts = $4::jsonb || jsonb_strip_nulls(jsonb_build_object(
           'steps', opts->'steps', 'signals', opts->'signals', 'waits', opts->'waits')),
         delay_ms = coalesce($6::bigint, delay_ms),
         process_at_ms = CASE WHEN $6::bigint IS NULL THEN process_at_ms ELSE $7::bigint + $6::bigint END,
         state = CASE WHEN $6::bigint IS NULL THEN state WHEN $6::bigint > 0 THEN 'delayed' ELSE 'waiting' END::job_state,
         seq = CASE WHEN $8::boolean THEN nextval('job_seq') ELSE seq END
   WHERE queue = $1 AND id = $2 AND state IN ('waiting', 'delayed')`;

/** The same, by the scores that BullMQ gives: see its scripts changeDelay and changePriority. A delay of -1: as it waits. */
const AMEND_KEYS = `
  local id, data, priority, delay, now = ARGV[1], ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
  local isDelayed = redis.call('ZSCORE', KEYS[1], id)
  if not isDelayed and not redis.call('ZSCORE', KEYS[2], id) then return 0 end
  redis.call('HSET', KEYS[5], 'opts', ARGV[3], 'priority', priority)
  if data ~= '' then redis.call('HSET', KEYS[5], 'data', data) end
  if delay >= 0 then redis.call('HSET', KEYS[5], 'delay', delay) end
  if ARGV[7] == '0' or (isDelayed and delay < 0) then return 1 end
  redis.call('ZREM', KEYS[1], id)
  redis.call('ZREM', KEYS[2], id)
  if delay > 0 then
    redis.call('ZADD', KEYS[1], (now + delay) * 0x1000, id)
    local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
    redis.call('ZADD', KEYS[4], tonumber(first[2]) / 0x1000, '1')
  else
    redis.call('ZADD', KEYS[2], priority * 0x100000000 + redis.call('INCR', KEYS[3]) % 0x100000000, id)
    redis.call('ZADD', KEYS[4], 0, '0')
  end
  return 1`;

/** Takes and changes jobs that wait, in one step each, in BullMQ's own tables and keys: its classes do neither. */
export class RawWaiting {
  constructor(
    private readonly shared: Connections['shared'],
    private readonly queueOf: (name: string) => TaskQueue,
  ) {}

  /**
   * Takes a job that waits, as a worker of that token would, but for a count of attempts; true as well where it was taken by
   * this token before. False where it does not wait. A process that dies after it is taken for a dead worker.
   */
  async seize(name: string, id: string, token: string, lock: number): Promise<boolean> {
    const { shared } = this;
    if (isPgPool(shared)) {
      const { rowCount } = await shared.query(
        `UPDATE job SET state = 'active', lock_token = $3, locked_until_ms = $4
          WHERE queue = $1 AND id = $2
            AND (state IN ('waiting', 'delayed') OR (state = 'active' AND lock_token = $3))`,
        [name, id, token, wallTime() + lock],
      );
      return rowCount === 1;
    }
    const queue = this.queueOf(name);
    const keys = ['delayed', 'prioritized', 'wait', 'paused', 'active', `${id}:lock`].map((key) => queue.toKey(key));
    return (await shared.eval(SEIZE, keys.length, ...keys, id, token, lock)) === 1;
  }

  /** A job's options as they are stored; null where there is no such job. */
  async optsOf(name: string, id: string): Promise<{ readonly priority?: number; readonly task?: TaskNotes } | null> {
    const { shared } = this;
    if (isPgPool(shared)) {
      const { rows } = await shared.query<{ opts: object }>(OPTS_OF_ROW, [name, id]);
      return rows[0]?.opts ?? null;
    }
    const text = await shared.hget(this.queueOf(name).toKey(id), 'opts');
    return text === null ? null : (JSON.parse(text) as object);
  }

  /** Changes a job that waits, in one step; false where it does not wait. */
  async amend(name: string, id: string, { data, opts, priority, runAt, isMoved }: AmendedJob): Promise<boolean> {
    const { shared } = this;
    const now = wallTime();
    const delay = runAt === null ? null : Math.max(0, runAt - now);
    if (isPgPool(shared)) {
      const { rowCount } = await shared.query(AMEND_ROW, [name, id, data, opts, priority, delay, now, isMoved]);
      if (rowCount === 1) await shared.query(`SELECT pg_notify('bullmq_jobs', $1)`, [name]);
      return rowCount === 1;
    }
    const queue = this.queueOf(name);
    const keys = ['delayed', 'prioritized', 'pc', 'marker', id].map((key) => queue.toKey(key));
    const values = [id, data ?? '', opts, priority, delay ?? -1, now, isMoved ? 1 : 0];
    return (await shared.eval(AMEND_KEYS, keys.length, ...keys, ...values)) === 1;
  }

  /** Of a job that nobody else changes. */
  async setTraits(name: string, id: string, traits: TaskTraits): Promise<void> {
    const { shared } = this;
    if (isPgPool(shared)) {
      await shared.query(
        `UPDATE job SET opts = jsonb_set(opts, '{task,traits}', $3::jsonb) WHERE queue = $1 AND id = $2`,
        [name, id, JSON.stringify(traits)],
      );
      return;
    }
    const key = this.queueOf(name).toKey(id);
    const opts = JSON.parse((await shared.hget(key, 'opts'))!) as { task?: TaskNotes };
    // PostgreSQL leaves a job of other code as it is, too.
    if (!opts.task) return;
    await shared.hset(key, 'opts', JSON.stringify({ ...opts, task: { ...opts.task, traits } }));
  }
}
