import { InvalidArgumentError } from '../../errors/index.js';
import { failureKey, type Failure } from '../failure-groups.js';
import type { PageRequest, RunningTask, TaskFilter, TaskPage } from '../task-engine.js';
import type { ChildTask, TaskState, TaskSummary } from '../task.js';
import type { QueueSet } from './queue-set.js';
import type { Registry } from './registry.js';
import type { ChildRow } from './running-job.js';
import type { TaskJob } from './stored-job.js';
import { stateOf, type List, type TaskView } from './task-view.js';

/** Jobs that one page looks at, at most: a filter that finds nothing goes on at the cursor. */
const MOST_LOOKED_AT = 1_000;
const CHUNK = 100;
/** Read by one command, that Redis is not kept from others for long. */
const MOST_IDS_AT_ONCE = 10_000;
/** Of one job that never rests. */
const MOST_READINGS = 5;

const LISTS_OF: Readonly<Record<TaskState, readonly List[]>> = {
  running: ['active'],
  retryable: ['delayed'],
  scheduled: ['delayed'],
  available: ['waiting', 'prioritized'],
  failed: ['failed'],
  cancelled: ['cancelled'],
  completed: ['completed'],
};

interface Position {
  /** Index into the lists that the filter means. */
  readonly list: number;
  readonly offset: number;
}

/** One job with the list that it was found in. */
export interface Listed {
  readonly queue: string;
  readonly job: TaskJob;
  readonly state: TaskState;
}

/**
 * Tasks list by list: a state after the other, in each the latest (or the oldest) first. BullMQ has no index over its lists, so filters
 * by name, time and text look at one job after the other.
 */
export class TaskLists {
  constructor(
    private readonly set: QueueSet,
    private readonly registry: Registry,
    private readonly view: TaskView,
  ) {}

  async page(filter: TaskFilter, { cursor, limit, order }: PageRequest): Promise<TaskPage> {
    await this.registry.refresh(filter.search !== undefined);
    const lists = await this.listsOf(filter, await this.registry.shownQueues());
    let position: Position | null = cursor === undefined ? { list: 0, offset: 0 } : decode(cursor);
    const items: TaskSummary[] = [];
    // One that moves from a list to another while they are read would be on the page twice.
    const given = new Set<string>();
    let looked = 0;
    while (position && position.list < lists.length && items.length < limit && looked < MOST_LOOKED_AT) {
      const { queue, list } = lists[position.list]!;
      const jobs = await this.read(queue, list, position.offset, CHUNK, order === 'oldest');
      let taken = 0;
      for (const job of jobs) {
        taken += 1;
        looked += 1;
        const found = job && this.match(filter, { queue, job, state: stateOf(list, job) });
        const key = found && `${queue} ${found.id}`;
        if (!key || given.has(key)) continue;
        given.add(key);
        if (items.push(found) === limit) break;
      }
      const ended = taken === jobs.length && jobs.length < CHUNK;
      position = ended
        ? { list: position.list + 1, offset: 0 }
        : { list: position.list, offset: position.offset + taken };
    }
    const over = !position || position.list >= lists.length;
    return { items, nextCursor: over ? null : encode(position) };
  }

  /** Every job of an own queue that meets the filter; those of a list are read before any of them is given out. */
  async *all(filter: TaskFilter): AsyncGenerator<Listed> {
    await this.registry.refresh(true);
    for (const { queue, list } of await this.listsOf(filter, await this.registry.queues())) {
      const found: Listed[] = [];
      for await (const ids of this.allIds(queue, list)) {
        for (const job of await this.jobs(queue, list, ids)) {
          const listed = job && { queue, job, state: stateOf(list, job) };
          if (listed && this.match(filter, listed)) found.push(listed);
        }
      }
      yield* found;
    }
  }

  /** What runs, by the worker that has it, the first begun first. */
  async running(): Promise<Map<string, RunningTask[]>> {
    const found = new Map<string, RunningTask[]>();
    for (const queue of await this.registry.queues()) {
      for (const job of await this.read(queue, 'active', 0, MOST_LOOKED_AT)) {
        if (!job?.processedBy) continue;
        const { id, name, attemptsStarted: attempt, processedOn, timestamp } = job;
        const task = { id: id!, queue, name, attempt, startedAt: processedOn ?? timestamp };
        const own = found.get(job.processedBy);
        if (own) own.push(task);
        else found.set(job.processedBy, [task]);
      }
    }
    for (const tasks of found.values()) tasks.sort((a, b) => a.startedAt - b.startedAt);
    return found;
  }

  async find(id: string): Promise<Listed | null> {
    const foreign = this.registry.foreignJob(id);
    if (foreign) {
      const read = await this.readSettled(foreign.queue, foreign.jobId);
      return read && { queue: foreign.queue, ...read };
    }
    const queues = await this.registry.queues();
    const found = await Promise.all(
      queues.map(async (queue): Promise<Listed | null> => {
        const read = await this.readSettled(queue, id);
        return read && { queue, ...read };
      }),
    );
    const waiting = found.find((listed) => listed !== null);
    if (waiting) return waiting;
    for (const queue of queues) {
      const job = await this.set.cancelledOf(queue).getJob(id);
      if (job) return { queue, job, state: 'cancelled' };
    }
    return null;
  }

  /** Those of `noted` that there are, with the state that each is in now. */
  async children(noted: ReadonlyArray<ChildRow['child']>): Promise<ChildTask[]> {
    const found = await Promise.all(
      noted.map(async ({ id, name, queue }): Promise<ChildTask | null> => {
        const listed = await this.readSettled(queue, id);
        if (listed) return { id, name, queue, state: listed.state };
        return (await this.set.cancelledOf(queue).getJob(id)) ? { id, name, queue, state: 'cancelled' } : null;
      }),
    );
    return found.filter((child) => child !== null);
  }

  /**
   * BullMQ tells a job and its state in two answers. A job that moved between them would be shown as failed without its
   * failure, so both are read again until the state before and after the job is one.
   */
  private async readSettled(queue: string, id: string): Promise<Pick<Listed, 'job' | 'state'> | null> {
    const from = this.set.queue(queue);
    let before = await from.getJobState(id);
    for (let reading = 1; ; reading += 1) {
      const job: TaskJob | undefined = await from.getJob(id);
      if (!job) return null;
      const after = await from.getJobState(id);
      if (after === before || reading === MOST_READINGS) {
        return after === 'unknown' ? null : { job, state: stateOf(after, job) };
      }
      before = after;
    }
  }

  /** Failed tasks, the newest of each queue first, a part of each queue in turn. */
  async *failures({ queue, name }: { queue?: string; name?: string }): AsyncGenerator<Failure> {
    await this.registry.refresh(true);
    const filter = { ...(name !== undefined && { name }) };
    let open = (await this.registry.shownQueues()).filter((known) => queue === undefined || known === queue);
    for (let offset = 0; open.length > 0; offset += CHUNK) {
      const chunks = await Promise.all(
        open.map(async (from) => ({ from, jobs: await this.read(from, 'failed', offset, CHUNK) })),
      );
      for (const { from, jobs } of chunks) {
        for (const job of jobs) {
          const found = job && this.match(filter, { queue: from, job, state: 'failed' });
          if (found)
            yield { id: found.id, queue: from, name: found.name, error: errorOf(found), at: job.finishedOn ?? 0 };
        }
      }
      open = chunks.filter(({ jobs }) => jobs.length === CHUNK).map(({ from }) => from);
    }
  }

  private async listsOf(
    { queue, state: asked, error }: TaskFilter,
    known: readonly string[],
  ): Promise<Array<{ queue: string; list: List }>> {
    const state = asked ?? (error === undefined ? undefined : 'failed');
    const queues = queue === undefined ? known : known.filter((name) => name === queue);
    const lists = state === undefined ? [...new Set(Object.values(LISTS_OF).flat())] : LISTS_OF[state];
    return lists.flatMap((list) => queues.map((name) => ({ queue: name, list })));
  }

  /** One for each place in the list; undefined where the job has left it meanwhile. */
  private async read(
    queue: string,
    list: List,
    offset: number,
    count: number,
    oldestFirst = false,
  ): Promise<Array<TaskJob | undefined>> {
    return this.jobs(queue, list, await this.ids(queue, list, offset, count, oldestFirst));
  }

  /** In parts; all of them are asked for at once where pages would overlap and leave some out. */
  private async *allIds(queue: string, list: List): AsyncGenerator<readonly string[]> {
    const count = this.set.keepsOrder ? MOST_IDS_AT_ONCE : Infinity;
    for (let offset = 0; ; offset += count) {
      const ids = await this.ids(queue, list, offset, count);
      for (let start = 0; start < ids.length; start += CHUNK) yield ids.slice(start, start + CHUNK);
      if (ids.length < count) return;
    }
  }

  private ids(queue: string, list: List, offset: number, count: number, oldestFirst = false): Promise<string[]> {
    const type = list === 'cancelled' ? 'prioritized' : list;
    return this.from(queue, list).getRanges([type], offset, count === Infinity ? -1 : offset + count - 1, oldestFirst);
  }

  private jobs(queue: string, list: List, ids: readonly string[]): Promise<Array<TaskJob | undefined>> {
    const from = this.from(queue, list);
    return Promise.all(ids.map((id): Promise<TaskJob | undefined> => from.getJob(id)));
  }

  private from(queue: string, list: List): ReturnType<QueueSet['queue']> {
    return list === 'cancelled' ? this.set.cancelledOf(queue) : this.set.queue(queue);
  }

  private match(filter: TaskFilter, { queue, job, state }: Listed): TaskSummary | null {
    if (filter.state !== undefined && filter.state !== state) return null;
    if (filter.name !== undefined && filter.name !== job.name) return null;
    if (job.timestamp < (filter.from ?? 0) || job.timestamp >= (filter.to ?? Infinity)) return null;
    if (filter.error !== undefined && state !== 'failed') return null;
    const summary = this.view.summary(queue, job, state);
    if (filter.error !== undefined && failureKey(summary.name, errorOf(summary)) !== filter.error) return null;
    if (filter.search === undefined) return summary;
    const wanted = filter.search.toLowerCase();
    const { id, params, error } = summary;
    const texts = [id, JSON.stringify(params), error?.name ?? '', error?.message ?? ''];
    return texts.some((text) => text.toLowerCase().includes(wanted)) ? summary : null;
  }
}

function errorOf({ error }: TaskSummary): Failure['error'] {
  return error ?? { name: 'Error', message: '' };
}

function encode({ list, offset }: Position): string {
  return Buffer.from(`at:${list}:${offset}`).toString('base64url');
}

function decode(cursor: string): Position {
  const match = /^at:(\d{1,6}):(\d{1,12})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (!match) throw new InvalidArgumentError('cursor', 'cursor is none that a list gave as its nextCursor.');
  return { list: Number(match[1]), offset: Number(match[2]) };
}
