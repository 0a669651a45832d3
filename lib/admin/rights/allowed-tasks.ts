import type { ActionResult, ErrorGroup, ErrorReport, Task, TaskAction, TaskSummary } from '../../contract/index.js';
import { MAX_REFUSED_LISTED, TaskNotFoundError } from '../../contract/index.js';
import type { BulkTarget, ListTasksQuery, Operations, TaskList } from '../../operations/index.js';
import type { AdminAbout } from '../../config/index.js';
import type { Rights } from './rights.js';

/** Read at once, to act on those of them that a person may act on. */
const PAGE = 500;
/** Pages that are read to fill one of which little may be seen. */
const MAX_PAGES = 20;

/** The tasks of a store as far as a person may see them and act on them. */
export class AllowedTasks {
  constructor(
    private readonly tasks: Operations['tasks'],
    private readonly rights: Rights,
  ) {}

  /** What may not be seen is left out, and a page of nothing else leads on to the next. */
  async list(query: ListTasksQuery): Promise<TaskList> {
    let looked = 0;
    for (let page = 1, at = query; ; page += 1) {
      const found = await this.tasks.list(at);
      looked += found.looked;
      const items = await this.rights.visible(found.items, aboutTask);
      if (items.length > 0 || found.nextCursor === null || page === MAX_PAGES) return { ...found, items, looked };
      at = { ...query, cursor: found.nextCursor };
    }
  }

  /** @throws TaskNotFoundError for one that may not be seen, as for one that is not there */
  async get(id: string): Promise<Task> {
    const task = await this.tasks.get(id);
    if (!(await this.rights.sees(aboutTask(task)))) throw new TaskNotFoundError(id);
    const children = await this.rights.visible(task.children, aboutTask);
    const parentId = task.parentId !== null && (await this.isSeen(task.parentId)) ? task.parentId : null;
    return { ...task, children, parentId };
  }

  /** @throws TaskNotFoundError, ProblemError 403 */
  async requireTo(action: TaskAction | 'update' | 'signal', id: string): Promise<void> {
    await this.rights.require(action, aboutTask(await this.get(id)));
  }

  async bulk(action: TaskAction, target: BulkTarget): Promise<ActionResult> {
    return target.ids ? this.actOnIds(action, target.ids) : this.actOnFilter(action, target.filter!);
  }

  /** In groups, of what may be seen of each; a group over several queues is put together from its parts. */
  async errorGroups(query: { queue?: string; name?: string }, queues: readonly string[]): Promise<ErrorReport> {
    const groups = new Map<string, ErrorGroup>();
    let complete = true;
    for (const queue of queues.filter((name) => query.queue === undefined || name === query.queue)) {
      const report = await this.tasks.errorGroups({ ...query, queue });
      complete &&= report.complete;
      for (const group of await this.rights.visible(report.items, ({ name }) => ({ queue, name }))) {
        const own = { ...group, queues: [queue] };
        const known = groups.get(group.key);
        groups.set(group.key, known ? together(known, own) : own);
      }
    }
    const items = [...groups.values()].toSorted((one, other) => other.count - one.count || other.lastAt - one.lastAt);
    return { items, looked: items.reduce((sum, { count }) => sum + count, 0), complete };
  }

  private async isSeen(id: string): Promise<boolean> {
    const found = await this.tasks.get(id).catch(() => null);
    return found !== null && this.rights.sees(aboutTask(found));
  }

  private async actOnIds(action: TaskAction, ids: readonly string[]): Promise<ActionResult> {
    const allowed: string[] = [];
    const refused: Array<ActionResult['refused'][number]> = [];
    for (const id of ids) {
      const task = await this.tasks.get(id).catch(() => null);
      const isSeen = task !== null && (await this.rights.sees(aboutTask(task)));
      if (isSeen && (await this.rights.may(action, aboutTask(task)))) allowed.push(id);
      else refused.push({ id, state: isSeen ? task.state : null });
    }
    const result = allowed.length === 0 ? { changed: 0, refused: [] } : await this.tasks.bulk(action, { ids: allowed });
    return { changed: result.changed, refused: [...result.refused, ...refused].slice(0, MAX_REFUSED_LISTED) };
  }

  /** All that match are read first, as what is acted on may leave the list or stand in it again. */
  private async actOnFilter(action: TaskAction, filter: NonNullable<BulkTarget['filter']>): Promise<ActionResult> {
    const ids: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page: TaskList = await this.tasks.list({ ...filter, limit: PAGE, ...(cursor !== undefined && { cursor }) });
      const seen = await this.rights.visible(page.items, aboutTask);
      for (const task of seen) if (await this.rights.may(action, aboutTask(task))) ids.push(task.id);
      cursor = page.nextCursor;
    }
    let changed = 0;
    for (let start = 0; start < ids.length; start += PAGE) {
      const result = await this.tasks.bulk(action, { ids: ids.slice(start, start + PAGE) });
      changed += result.changed;
    }
    return { changed, refused: [] };
  }
}

/** What somebody is asked to be allowed to see or do, of one task. */
export function aboutTask({
  queue,
  name,
  tags = {},
}: Pick<TaskSummary, 'queue' | 'name' | 'tags'>): Required<AdminAbout> {
  return { queue, name, tags };
}

function together(one: ErrorGroup, other: ErrorGroup): ErrorGroup {
  const newest = one.lastAt >= other.lastAt ? one : other;
  return {
    ...newest,
    queues: [...one.queues, ...other.queues].toSorted(),
    count: one.count + other.count,
    firstAt: Math.min(one.firstAt, other.firstAt),
    points: one.points.map((failed, hour) => failed + other.points[hour]!),
  };
}
