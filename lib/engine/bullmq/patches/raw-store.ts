import { type Connections, isPgPool } from '../connections/connections.js';
import type { TaskNotes } from '../stored-job.js';
import type { TaskQueue } from '../task-job.js';

/** How many jobs ended, by BullMQ's count. */
export interface Counted {
  readonly count: number;
  /** A time in the minute that it is counting in. */
  readonly at: number;
  /** The count when that minute began. */
  readonly countBefore: number;
  /** How many in each of the minutes before it, the last one first. */
  readonly minutes: readonly number[];
}

/** Asks BullMQ's tables and keys what its classes do not tell, or tell for one job at a time. */
export class RawStore {
  constructor(
    private readonly shared: Connections['shared'],
    private readonly queueOf: (name: string) => TaskQueue,
  ) {}

  /**
   * Has a worker that waits look again. BullMQ on Redis does not tell one of a job with a priority that is handed back:
   * without this, it would come by only when its blocking call times out.
   */
  async wake(queue: string): Promise<void> {
    if (!isPgPool(this.shared)) await this.shared.zadd(this.queueOf(queue).toKey('marker'), 0, '0');
  }

  /**
   * What BullMQ has counted of jobs that ended; null where it has not begun to count.
   * @param minutes how many of the latest are wanted, from 1 on
   */
  async counted(name: string, kind: 'completed' | 'failed', minutes: number): Promise<Counted | null> {
    const { shared } = this;
    if (isPgPool(shared)) {
      // BullMQ's own answer leaves out when it counted, without which the minutes cannot be told.
      const found = await shared.query<Record<keyof Counted, string | string[]>>(
        'SELECT count, prev_ts AS "at", prev_count AS "countBefore", data[1:$3] AS minutes FROM metrics WHERE queue = $1 AND kind = $2',
        [name, kind, minutes],
      );
      const row = found.rows[0];
      if (!row?.at) return null;
      return {
        count: Number(row.count),
        at: Number(row.at),
        countBefore: Number(row.countBefore),
        minutes: [row.minutes].flat().map(Number),
      };
    }
    const { meta, data } = await this.queueOf(name).getMetrics(kind, 0, minutes - 1);
    if (!meta.prevTS) return null;
    return { count: meta.count, at: meta.prevTS, countBefore: meta.prevCount, minutes: data.map(Number) };
  }

  /**
   * By the id of each job that is there, which call added it, as {@link TaskNotes.call} has it; undefined where no call is
   * noted. One question for all.
   */
  async callsOf(name: string, ids: readonly string[]): Promise<Map<string, string | undefined>> {
    if (ids.length === 0) return new Map();
    const { shared } = this;
    if (isPgPool(shared)) {
      const { rows } = await shared.query<{ id: string; call: string | null }>(
        `SELECT id, opts #>> '{task,call}' AS call FROM job WHERE queue = $1 AND id = ANY($2)`,
        [name, ids],
      );
      return new Map(rows.map(({ id, call }) => [id, call ?? undefined]));
    }
    const queue = this.queueOf(name);
    const found = await Promise.all(ids.map((id) => shared.hget(queue.toKey(id), 'opts')));
    const calls = new Map<string, string | undefined>();
    found.forEach((opts, at) => {
      if (opts !== null) calls.set(ids[at]!, (JSON.parse(opts) as { task?: TaskNotes }).task?.call);
    });
    return calls;
  }
}
