import type { IRedisTransaction } from 'bullmq';
import type { Pool, PoolClient } from 'pg';
import { byQueue } from '../by-queue.js';
import { type Connections, isPgPool } from '../connections/connections.js';
import type { NotedChild } from '../flows/child-ends.js';
import type { FlowJob, JobPlace } from '../flows/flow-jobs.js';
import type { TaskJobJson, TaskQueue } from '../task-job.js';
import { answersOf } from './redis-answers.js';

/** Children that are asked for together. */
const AT_ONCE = 1_000;

/**
 * Puts a workflow's job out of the way that is of another call: BullMQ then stores none of the jobs that are to be its
 * children, and none of theirs. ARGV: the call.
 */
const HIDE = `
  local opts = cjson.decode(redis.call('HGET', KEYS[1], 'opts'))
  if opts.task.call == ARGV[1] then return 0 end
  redis.call('RENAME', KEYS[1], KEYS[2])
  return 1`;
const SHOW = `if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('RENAME', KEYS[2], KEYS[1]) end`;

const CALL_OF_JOB = `SELECT opts #>> '{task,call}' AS call FROM job WHERE queue = $1 AND id = $2`;
const ADD_FLOW = `SELECT add_flow($1::jsonb) AS id`;
const ADD_BULK = `SELECT add_jobs_bulk($1, $2::jsonb) AS id`;
/**
 * Hangs jobs under their parents. BullMQ's own function counts each child in the row of its parent by a statement of its own,
 * which takes the longer the more there are: for 10,000 children of one more than half a minute.
 */
const LINK = `
  WITH link AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb)
      AS entry (queue text, id text, "parentQueue" text, "parentId" text, "parentKey" text)),
  noted AS (
    INSERT INTO job_dependency (parent_queue, parent_id, child_queue, child_id, child_key, status)
    SELECT "parentQueue", "parentId", queue, id, queue || ':' || id, 'pending' FROM link),
  counted AS (SELECT "parentQueue", "parentId", count(*)::int AS children FROM link GROUP BY 1, 2)
  UPDATE job
     SET parent_queue = link."parentQueue", parent_id = link."parentId", parent_key = link."parentKey",
         pending_deps = coalesce(counted.children, 0)
    FROM link LEFT JOIN counted ON counted."parentQueue" = link.queue AND counted."parentId" = link.id
   WHERE job.queue = link.queue AND job.id = link.id`;
const COUNT_LAST = `UPDATE job SET pending_deps = $3 WHERE queue = $1 AND id = $2`;
const CHILDREN = `
  SELECT child_id AS id, status, value FROM job_dependency
   WHERE parent_queue = $1 AND parent_id = $2 AND child_key = ANY($3) AND status IN ('processed', 'ignored')`;

interface NotedRow {
  readonly id: string;
  readonly status: 'processed' | 'ignored';
  readonly value: unknown;
}

/** Stores trees of jobs and reads what became of them, in BullMQ's own tables and keys, where its classes do more or less. */
export class RawFlows {
  constructor(
    private readonly shared: Connections['shared'],
    private readonly queueOf: (name: string) => TaskQueue,
  ) {}

  /**
   * Stores jobs, all of them or none, and none where the first of them, which notes `call`, is there from another call.
   * BullMQ's own `addFlow` would leave that one as it is, and hang the others under it.
   *
   * @returns false where it was there
   */
  add(jobs: readonly FlowJob[], call: string): Promise<boolean> {
    const { shared } = this;
    return isPgPool(shared) ? this.addRows(shared, jobs, call) : this.addKeys(jobs, call);
  }

  /** What BullMQ has noted of children in their parent, by their ids; of those that have not ended nothing. */
  async childrenOf(parent: JobPlace, children: readonly JobPlace[]): Promise<Map<string, NotedChild>> {
    const found = new Map<string, NotedChild>();
    for (let start = 0; start < children.length; start += AT_ONCE) {
      await this.noteChildren(parent, children.slice(start, start + AT_ONCE), found);
    }
    return found;
  }

  private async noteChildren(
    { queue, id }: JobPlace,
    children: readonly JobPlace[],
    found: Map<string, NotedChild>,
  ): Promise<void> {
    const { shared } = this;
    const keys = children.map((child) => this.queueOf(child.queue).toKey(child.id));
    if (isPgPool(shared)) {
      const { rows } = await shared.query<NotedRow>(CHILDREN, [queue, id, keys]);
      for (const row of rows) {
        found.set(row.id, row.status === 'ignored' ? { failed: String(row.value) } : { value: row.value });
      }
      return;
    }
    const key = this.queueOf(queue).toKey(id);
    const [processed, failed] = await Promise.all([
      shared.hmget(`${key}:processed`, ...keys),
      shared.hmget(`${key}:failed`, ...keys),
    ]);
    for (const [index, child] of children.entries()) {
      const [value, reason] = [processed[index], failed[index]];
      if (typeof value === 'string') found.set(child.id, { value: JSON.parse(value) as unknown });
      else if (typeof reason === 'string') found.set(child.id, { failed: reason });
    }
  }

  private async addKeys(jobs: readonly FlowJob[], call: string): Promise<boolean> {
    const [first, ...others] = jobs as [FlowJob, ...FlowJob[]];
    const { backend, toKey } = this.queueOf(first.queue);
    const transaction = (await backend.client).multi();
    const key = toKey(first.job.id);
    const run = (script: string, ...values: string[]): void => {
      (transaction as unknown as { eval(script: string, ...values: Array<string | number>): unknown }).eval(
        script,
        2,
        key,
        `${key}:hidden`,
        ...values,
      );
    };
    this.addTo(transaction, first);
    run(HIDE, call);
    for (const job of others) this.addTo(transaction, job);
    run(SHOW);
    const answers = await answersOf(transaction);
    for (const [error] of answers) if (error) throw error;
    return answers[1]![1] === 0;
  }

  private addTo(transaction: IRedisTransaction, { queue, job, parent, waits }: FlowJob): void {
    const parentKey = parent && this.queueOf(parent.queue).toKey(parent.id);
    // Noted within the call; what it resolves to is the transaction's.
    void this.queueOf(queue).backend.addJobToTransaction(
      transaction,
      {
        ...job,
        ...(parent && {
          parent: { id: parent.id, queueKey: this.queueOf(parent.queue).qualifiedName, idof: true },
          parentKey,
        }),
      } as TaskJobJson,
      job.id,
      {
        addToWaitingChildren: waits,
        ...(parentKey && { parentKey, parentDependenciesKey: `${parentKey}:dependencies` }),
      },
    );
  }

  private async addRows(pool: Pool, jobs: readonly FlowJob[], call: string): Promise<boolean> {
    const client = await pool.connect();
    let fault: unknown;
    try {
      await client.query('BEGIN');
      const isOurs = await this.addWithin(client, jobs, call);
      await client.query(isOurs ? 'COMMIT' : 'ROLLBACK');
      return isOurs;
    } catch (error) {
      fault = error;
      throw error;
    } finally {
      // What is half done goes with its connection.
      client.release(fault !== undefined);
    }
  }

  private async addWithin(client: PoolClient, jobs: readonly FlowJob[], call: string): Promise<boolean> {
    const [first, ...others] = jobs.map((job) => this.entryOf(job));
    await client.query(ADD_FLOW, [JSON.stringify([first])]);
    const { rows } = await client.query<{ call: string }>(CALL_OF_JOB, [first!.queue, first!.id]);
    if (rows[0]?.call !== call) return false;
    // None of them is linked to another yet.
    const unlinked = others.map(({ parentQueue: _queue, parentId: _id, parentKey: _key, ...entry }) => entry);
    const waiting = unlinked.filter(({ addToWaitingChildren }) => addToWaitingChildren);
    if (waiting.length > 0) await client.query(ADD_FLOW, [JSON.stringify(waiting)]);
    for (const [queue, free] of byQueue(unlinked.filter(({ addToWaitingChildren }) => !addToWaitingChildren))) {
      await client.query(ADD_BULK, [queue, JSON.stringify(free)]);
    }
    const links = others.map(({ queue, id, parentQueue, parentId, parentKey }) => ({
      queue,
      id,
      parentQueue,
      parentId,
      parentKey,
    }));
    await client.query(LINK, [JSON.stringify(links)]);
    const last = links.filter(({ parentQueue, parentId }) => parentQueue === first!.queue && parentId === first!.id);
    await client.query(COUNT_LAST, [first!.queue, first!.id, last.length]);
    return true;
  }

  /** As BullMQ's own `addFlow` writes it. */
  private entryOf({ queue, job, parent, waits }: FlowJob) {
    const { id, name, data, opts, timestamp } = job;
    return {
      queue,
      id,
      name,
      data,
      opts,
      priority: opts.priority ?? 0,
      delay: opts.delay ?? 0,
      timestamp,
      attempts: opts.attempts ?? 1,
      parentQueue: parent?.queue ?? null,
      parentId: parent?.id ?? null,
      parentKey: parent && this.queueOf(parent.queue).toKey(parent.id),
      lifo: false,
      addToWaitingChildren: waits,
    };
  }
}
