import type { BullmqLibrary } from '../bullmq-library.js';
import { type Connections, isPgPool } from '../connections/connections.js';
import type { TaskJob, TaskJobJson, TaskQueue } from '../task-job.js';
import { jobColumns, type JobRow, jsonOfHash, jsonOfRow, JOB_FIELDS } from './raw-job.js';

/**
 * How much of a job is read:
 *
 *     facts   all but its params, what it returned and its steps
 *     shown   the same with its params
 *     whole   as BullMQ reads it
 */
export type Extent = 'facts' | 'shown' | 'whole';

export interface ReadJob {
  readonly id: string;
  /** Undefined where there is none of that id. */
  readonly job: TaskJob | undefined;
  /** Of what was read that may be large. */
  readonly bytes: number;
}

/** Bytes of jobs that are read together, at most, but for a single one: a process of little memory reads any number. */
const MAX_READ = 4 * 1_024 ** 2;
/** Jobs that one command is asked for: PostgreSQL unpacks what is large to tell its size. */
const MAX_IDS: Readonly<Record<Extent, number>> = { facts: 100, shown: 25, whole: 25 };
/** What is read of a return value: a note of attempts fits into it, and a result is not wanted here. */
const MAX_NOTE = 100;

const SIZES = `
  local sizes = {}
  for at, key in ipairs(KEYS) do
    sizes[at] = 0
    for _, field in ipairs(ARGV) do sizes[at] = sizes[at] + redis.call('HSTRLEN', key, field) end
  end
  return sizes`;
const LARGE_FIELDS: Readonly<Record<Extent, readonly string[]>> = {
  facts: ['opts', 'stacktrace'],
  shown: ['opts', 'stacktrace', 'data'],
  whole: ['opts', 'stacktrace', 'data', 'returnvalue'],
};

const READ = `
  local jobs = {}
  for at, key in ipairs(KEYS) do
    jobs[at] = redis.call('HMGET', key, unpack(ARGV))
    if redis.call('HSTRLEN', key, 'returnvalue') <= ${MAX_NOTE} then
      table.insert(jobs[at], redis.call('HGET', key, 'returnvalue'))
    end
  end
  return jobs`;
const ROWS = 'FROM job WHERE queue = $1 AND id = ANY($2)';

function sizesQuery(extent: Extent): string {
  const columns = LARGE_FIELDS[extent].map((field) => (field === 'returnvalue' ? 'return_value' : field));
  return `SELECT id, ${columns.map((column) => `coalesce(octet_length(${column}::text), 0)`).join(' + ')} AS bytes ${ROWS}`;
}

function rowsQuery(extent: Exclude<Extent, 'whole'>): string {
  return `
    SELECT ${jobColumns(extent === 'shown')},
           CASE WHEN pg_column_size(return_value) <= ${MAX_NOTE} THEN return_value::text END AS returnvalue
      ${ROWS}`;
}

/** Reads many jobs, in parts by their size, and of each what is asked for: BullMQ's classes read all of every job. */
export class RawJobs {
  constructor(
    private readonly shared: Connections['shared'],
    private readonly queueOf: (name: string) => TaskQueue,
    private readonly library: Pick<BullmqLibrary, 'Job'>,
  ) {}

  /** One for each id, in their order, in parts. */
  async *read(name: string, ids: readonly string[], extent: Extent): AsyncGenerator<readonly ReadJob[]> {
    for (let start = 0; start < ids.length; start += MAX_IDS[extent]) {
      const asked = ids.slice(start, start + MAX_IDS[extent]);
      const sizes = await this.sizes(name, asked, extent);
      for (let from = 0, to = 0; from < asked.length; from = to) {
        for (let bytes = 0; to < asked.length && (to === from || bytes + sizes[to]! <= MAX_READ); to += 1) {
          bytes += sizes[to]!;
        }
        const part = asked.slice(from, to);
        const jobs = await this.jobs(name, part, extent);
        yield part.map((id, at) => ({ id, job: jobs[at], bytes: sizes[from + at]! }));
      }
    }
  }

  /** The same, without those that are not there any more. */
  async *found(name: string, ids: readonly string[], extent: Extent): AsyncGenerator<TaskJob> {
    for await (const part of this.read(name, ids, extent)) for (const { job } of part) if (job) yield job;
  }

  async one(name: string, id: string, extent: Extent): Promise<TaskJob | undefined> {
    return (await this.jobs(name, [id], extent))[0];
  }

  private async sizes(name: string, ids: readonly string[], extent: Extent): Promise<readonly number[]> {
    const { shared } = this;
    if (isPgPool(shared)) {
      const { rows } = await shared.query<{ id: string; bytes: number }>(sizesQuery(extent), [name, ids]);
      const byId = new Map(rows.map(({ id, bytes }) => [id, bytes]));
      return ids.map((id) => byId.get(id) ?? 0);
    }
    return (await shared.eval(SIZES, ids.length, ...this.keys(name, ids), ...LARGE_FIELDS[extent])) as number[];
  }

  private async jobs(
    name: string,
    ids: readonly string[],
    extent: Extent,
  ): Promise<ReadonlyArray<TaskJob | undefined>> {
    const { shared } = this;
    const queue = this.queueOf(name);
    if (extent === 'whole') return Promise.all(ids.map((id): Promise<TaskJob | undefined> => queue.getJob(id)));
    const { Job } = this.library;
    const read = (id: string, json: TaskJobJson | null): TaskJob | undefined =>
      json ? (Job.fromJSON(queue, json, id) as TaskJob) : undefined;
    if (isPgPool(shared)) {
      const { rows } = await shared.query<JobRow>(rowsQuery(extent), [name, ids]);
      const byId = new Map(rows.map((row) => [row.id, jsonOfRow(row)]));
      return ids.map((id) => read(id, byId.get(id) ?? null));
    }
    const fields = extent === 'shown' ? [...JOB_FIELDS, 'data'] : JOB_FIELDS;
    const found = await shared.eval(READ, ids.length, ...this.keys(name, ids), ...fields);
    const hashes = found as ReadonlyArray<ReadonlyArray<string | null>>;
    return ids.map((id, at) => read(id, jsonOfHash([...fields, 'returnvalue'], hashes[at]!)));
  }

  private keys(name: string, ids: readonly string[]): string[] {
    const queue = this.queueOf(name);
    return ids.map((id) => queue.toKey(id));
  }
}
