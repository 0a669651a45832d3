import {
  type ChildTask,
  type ErrorOccurrence,
  MAX_CHILDREN_LISTED,
  type PageRequest,
  type RunningTask,
  type TaskFilter,
  type TaskPage,
  type TaskState,
  type TaskSummary,
} from '../../contract/index.js';
import { cursorTo, isAnyOf, meetsFacts, meetsText, occurrenceOf, placeOf, statesOf } from '../common/index.js';
import { jobIdOf, jobIdsOf, taskIdOf } from './job-ids.js';
import { jobRange } from './job-range.js';
import { OpenPage } from './open-page.js';
import type { QueueSet } from './queue-set.js';
import type { Extent, ReadJob } from './patches/raw-jobs.js';
import type { Registry } from './registry.js';
import type { ChildRow } from './running-job.js';
import type { TaskJob } from './task-job.js';
import { stateOf, type List, type JobView } from './job-view.js';
import { notesOf } from './stored-job.js';

/** Jobs that one page looks at, at most: a filter that finds nothing goes on at the cursor. */
const MAX_LOOKED_AT = 1_000;
const CHUNK = 100;
/** Read by one command, that Redis is not kept from others for long. */
const MAX_IDS_AT_ONCE = 10_000;
/** Most readings of one job that never rests. */
const MAX_READINGS = 5;

const LISTS_OF: Readonly<Record<TaskState, readonly List[]>> = {
  blocked: ['waiting-children'],
  running: ['active'],
  suspended: ['delayed'],
  retryable: ['delayed'],
  scheduled: ['delayed'],
  available: ['waiting', 'prioritized'],
  held: [],
  failed: ['failed'],
  cancelled: ['cancelled'],
  completed: ['completed'],
};

interface Position {
  /** Index into the lists that the filter means. */
  readonly list: number;
  readonly offset: number;
}

interface QueueList {
  readonly queue: string;
  readonly list: List;
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
    private readonly view: JobView,
  ) {}

  async page(filter: TaskFilter, { cursor, limit, order }: PageRequest): Promise<TaskPage> {
    await this.registry.refresh(filter.search !== undefined);
    const lists = await this.listsOf(filter, await this.registry.shownQueues());
    const page = new OpenPage(limit);
    let looked = 0;
    const look = async ({ queue, list }: QueueList, ids: readonly string[]): Promise<number> => {
      let taken = 0;
      for await (const { job, bytes } of this.each(queue, list, ids, 'shown')) {
        taken += 1;
        const found = job && this.match(filter, { queue, job, state: stateOf(list, job) });
        if (found) page.add(found, bytes);
        if (page.isFull) break;
      }
      return taken;
    };
    let position: Position = cursor === undefined ? { list: 0, offset: 0 } : positionOf(cursor);
    while (position.list < lists.length && !page.isFull && looked < MAX_LOOKED_AT) {
      const at = lists[position.list]!;
      const ids = await this.ids(at.queue, at.list, position.offset, CHUNK, order === 'oldest');
      const taken = await look(at, ids);
      looked += taken;
      const ended = taken === ids.length && ids.length < CHUNK;
      position = ended
        ? { list: position.list + 1, offset: 0 }
        : { list: position.list, offset: position.offset + taken };
    }
    const over = position.list >= lists.length;
    // One that began meanwhile had been in none of the lists as each of them was read.
    if (over && cursor === undefined && lists.some(({ list }) => list !== 'active')) {
      for (const at of lists.filter(({ list }) => list === 'active')) {
        const ids = await this.ids(at.queue, at.list, 0, CHUNK, order === 'oldest');
        const fresh = ids.filter((id) => !page.has(at.queue, this.registry.shownId(at.queue, id)));
        if (!page.isFull) await look(at, fresh);
      }
    }
    return {
      items: page.items,
      looked,
      nextCursor: over ? null : cursorTo('at', `${position.list}:${position.offset}`),
    };
  }

  /**
   * Every job of an own queue that meets the filter, in parts that fit into memory. Those of a list are all found before any of
   * them is given out: what is done to one may move it to another list.
   */
  async *all(filter: TaskFilter): AsyncGenerator<readonly Listed[]> {
    await this.registry.refresh(true);
    const extent = filter.search === undefined ? 'facts' : 'shown';
    for (const { queue, list } of await this.listsOf(filter, await this.registry.queues())) {
      const found: string[] = [];
      for await (const ids of this.allIds(queue, list)) {
        for await (const { id, job } of this.each(queue, list, ids, extent)) {
          if (job && this.match(filter, { queue, job, state: stateOf(list, job) })) found.push(id);
        }
      }
      for await (const part of this.set.jobs.read(this.from(queue, list).name, found, 'whole')) {
        const jobs = part.map(({ job }) => job).filter((job) => job !== undefined);
        yield jobs.map((job) => ({ queue, job, state: stateOf(list, job) }));
      }
    }
  }

  /** The running tasks, by the worker that has them, the first begun first. */
  async running(): Promise<Map<string, RunningTask[]>> {
    const found = new Map<string, RunningTask[]>();
    for (const queue of await this.registry.queues()) {
      const ids = await this.ids(queue, 'active', 0, MAX_LOOKED_AT);
      for await (const { job } of this.each(queue, 'active', ids, 'facts')) {
        if (!job?.processedBy) continue;
        const { id, name, attemptsStarted: attempt, processedOn, timestamp } = job;
        const task = { id: taskIdOf(id!), queue, name, attempt, startedAt: processedOn ?? timestamp, ...tagsOf(job) };
        const own = found.get(job.processedBy);
        if (own) own.push(task);
        else found.set(job.processedBy, [task]);
      }
    }
    for (const tasks of found.values()) tasks.sort((a, b) => a.startedAt - b.startedAt);
    return found;
  }

  async find(id: string, extent: Extent = 'whole'): Promise<Listed | null> {
    const queues = await this.registry.queues();
    const found = await Promise.all(queues.map((queue) => this.findWaiting(queue, id, extent)));
    const waiting = found.find((listed) => listed !== null);
    if (waiting) return waiting;
    for (const queue of queues) {
      const cancelled = await this.findCancelled(queue, id, extent);
      if (cancelled) return cancelled;
    }
    const foreign = this.registry.foreignJob(id);
    const read = foreign && (await this.readSettled(foreign.queue, foreign.jobId, extent));
    return read && { queue: foreign.queue, ...read };
  }

  /** The task of that id in one queue. */
  async findIn(queue: string, id: string, extent: Extent = 'whole'): Promise<Listed | null> {
    return (await this.findWaiting(queue, id, extent)) ?? this.findCancelled(queue, id, extent);
  }

  /** The tasks of `noted` that are stored and are `parent`'s, with the state that each is in now. */
  async children(parent: string, noted: ReadonlyArray<ChildRow['child']>): Promise<ChildTask[]> {
    const children: ChildTask[] = [];
    for (let start = 0; start < noted.length && children.length < MAX_CHILDREN_LISTED; start += MAX_CHILDREN_LISTED) {
      const found = await Promise.all(
        noted.slice(start, start + MAX_CHILDREN_LISTED).map(async ({ id, name, queue }): Promise<ChildTask | null> => {
          const listed = await this.findIn(queue, id, 'facts');
          if (!listed || notesOf(listed.job).parentId !== parent) return null;
          return { id, name, queue, state: listed.state, ...tagsOf(listed.job) };
        }),
      );
      for (const child of found) if (child) children.push(child);
    }
    return children.slice(0, MAX_CHILDREN_LISTED);
  }

  private async findWaiting(queue: string, id: string, extent: Extent): Promise<Listed | null> {
    for (const jobId of jobIdsOf(id)) {
      const read = await this.readSettled(queue, jobId, extent);
      if (read) return { queue, ...read };
    }
    return null;
  }

  private async findCancelled(queue: string, id: string, extent: Extent): Promise<Listed | null> {
    const job = await this.set.jobs.one(this.set.cancelledOf(queue).name, jobIdOf(id), extent);
    return job ? { queue, job, state: 'cancelled' } : null;
  }

  /**
   * BullMQ tells a job and its state in two answers. A job that moved between them would be shown as failed without its
   * failure, so both are read again until the state before and after the job is one.
   */
  private async readSettled(queue: string, id: string, extent: Extent): Promise<Pick<Listed, 'job' | 'state'> | null> {
    const from = this.set.queue(queue);
    let before = await from.getJobState(id);
    for (let reading = 1; ; reading += 1) {
      const job = await this.set.jobs.one(queue, id, extent);
      if (!job) return null;
      const after = await from.getJobState(id);
      if (after === before || reading === MAX_READINGS) {
        return after === 'unknown' ? null : { job, state: stateOf(after, job) };
      }
      before = after;
    }
  }

  /** The failed jobs of a queue, the one that failed last first. */
  async failedIds(queue: string): Promise<string[]> {
    const all: string[] = [];
    for await (const ids of this.allIds(queue, 'failed')) all.push(...ids);
    return all;
  }

  /** What each of these failed with; null for one that has left the list meanwhile. */
  async errorsOf(
    queue: string,
    ids: readonly string[],
  ): Promise<Array<[id: string, occurrence: ErrorOccurrence | null]>> {
    const errors: Array<[id: string, occurrence: ErrorOccurrence | null]> = [];
    for await (const { id, job } of this.each(queue, 'failed', ids, 'facts')) {
      const found = job && this.match({}, { queue, job, state: stateOf('failed', job) });
      errors.push([id, found?.state === 'failed' ? occurrenceOf(found) : null]);
    }
    return errors;
  }

  private async listsOf(filter: TaskFilter, known: readonly string[]): Promise<QueueList[]> {
    const states: readonly string[] = statesOf(filter);
    const queues = known.filter((queue) => isAnyOf(filter.queue, queue));
    const wanted = Object.entries(LISTS_OF).filter(([state]) => states.includes(state));
    const lists = [...new Set(wanted.flatMap(([, of]) => of))];
    return lists.flatMap((list) => queues.map((name) => ({ queue: name, list })));
  }

  /** In parts; all of them are asked for at once where pages would overlap and leave some out. */
  private async *allIds(queue: string, list: List): AsyncGenerator<readonly string[]> {
    const count = this.set.keepsOrder ? MAX_IDS_AT_ONCE : Infinity;
    for (let offset = 0; ; offset += count) {
      const ids = await this.ids(queue, list, offset, count);
      for (let start = 0; start < ids.length; start += CHUNK) yield ids.slice(start, start + CHUNK);
      if (ids.length < count) return;
    }
  }

  private ids(queue: string, list: List, offset: number, count: number, oldestFirst = false): Promise<string[]> {
    const type = list === 'cancelled' ? 'prioritized' : list;
    return jobRange(this.set, this.from(queue, list), type, { offset, count, oldestFirst });
  }

  /** One for each id; a job that has left the list meanwhile is undefined, or where it is now. */
  private async *each(queue: string, list: List, ids: readonly string[], extent: Extent): AsyncGenerator<ReadJob> {
    for await (const part of this.set.jobs.read(this.from(queue, list).name, ids, extent)) yield* part;
  }

  private from(queue: string, list: List): ReturnType<QueueSet['queue']> {
    return list === 'cancelled' ? this.set.cancelledOf(queue) : this.set.queue(queue);
  }

  private match(filter: TaskFilter, { queue, job, state }: Listed): TaskSummary | null {
    if (!meetsFacts(filter, { queue, name: job.name, state, createdAt: job.timestamp, ...tagsOf(job) })) return null;
    const summary = this.view.summary(queue, job, state);
    return meetsText(filter, summary) ? summary : null;
  }
}

function tagsOf(job: TaskJob): Pick<TaskSummary, 'tags'> {
  const { tags } = notesOf(job).traits ?? {};
  return tags ? { tags } : {};
}

function positionOf(cursor: string): Position {
  const [list, offset] = placeOf('at', cursor, /^\d{1,6}:\d{1,12}$/).split(':');
  return { list: Number(list), offset: Number(offset) };
}
