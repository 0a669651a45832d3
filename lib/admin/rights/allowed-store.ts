import { Inject, Injectable } from '@nestjs/common';
import type { AdminAbout, AdminAction } from '../../config/index.js';
import type {
  ActionResult,
  AuditPage,
  ErrorReport,
  KeyPage,
  LimitStatus,
  PauseSelector,
  Task,
  TaskPause,
  TaskAction,
  StoreCondition,
  WorkerStatus,
} from '../../contract/index.js';
import type { CronSchedule, CronSchedules } from '../../cron/index.js';
import type { HandlerRegistry, RegisteredHandler } from '../../handlers/index.js';
import type {
  BulkTarget,
  KeysQuery,
  ListTasksQuery,
  Operations,
  OutboxStatus,
  QueueStats,
  TaskList,
  TaskMetrics,
  TaskMetricsQuery,
} from '../../operations/index.js';
import { ADMIN_CRONS, ADMIN_HANDLERS, ADMIN_OPERATIONS } from '../admin.constants.js';
import type { HttpRequest } from '../http/http-types.js';
import { aboutTask, AllowedTasks } from './allowed-tasks.js';
import { RightsOf } from './rights.js';

/**
 * What the panel's API says of a store and does to it, as far as whoever asks may see and do. Nothing of the API reads a
 * store past this, so that a question that is new cannot forget to ask.
 */
@Injectable()
export class AllowedStore {
  constructor(
    @Inject(ADMIN_OPERATIONS) private readonly operations: Operations,
    @Inject(ADMIN_CRONS) private readonly schedules: CronSchedules,
    @Inject(ADMIN_HANDLERS) private readonly registry: HandlerRegistry,
    private readonly rightsOf: RightsOf,
  ) {}

  /** @throws ProblemError 403 where it is not allowed */
  async require(request: HttpRequest, action: AdminAction, about: AdminAbout): Promise<void> {
    await this.rightsOf.for(request)?.require(action, about);
  }

  async list(request: HttpRequest, query: ListTasksQuery): Promise<TaskList> {
    return this.tasks(request).list(query);
  }

  /** @throws TaskNotFoundError */
  async task(request: HttpRequest, id: string): Promise<Task> {
    return this.tasks(request).get(id);
  }

  /** @throws TaskNotFoundError, TaskStateError, ProblemError 403 */
  async act(request: HttpRequest, action: Exclude<TaskAction, 'delete'>, id: string): Promise<Task> {
    await this.tasksFor(request)?.requireTo(action, id);
    await this.operations.tasks.act(action, id);
    return this.task(request, id);
  }

  /** @throws TaskNotFoundError, ProblemError 403 */
  async requireToUpdate(request: HttpRequest, id: string): Promise<void> {
    await this.tasksFor(request)?.requireTo('update', id);
  }

  /** @throws TaskNotFoundError, ProblemError 403 */
  async requireTo(request: HttpRequest, action: 'retry' | 'signal', id: string): Promise<void> {
    await this.tasksFor(request)?.requireTo(action, id);
  }

  /** @throws TaskNotFoundError, TaskStateError, ProblemError 403 */
  async delete(request: HttpRequest, id: string): Promise<void> {
    await this.tasksFor(request)?.requireTo('delete', id);
    await this.operations.tasks.delete(id);
  }

  async bulk(request: HttpRequest, action: TaskAction, target: BulkTarget): Promise<ActionResult> {
    return this.tasks(request).bulk(action, target);
  }

  async errorGroups(request: HttpRequest, query: { queue?: string; name?: string }): Promise<ErrorReport> {
    const tasks = this.tasksFor(request);
    if (!tasks) return this.operations.tasks.errorGroups(query);
    return tasks.errorGroups(
      query,
      (await this.queues(request)).map(({ queue }) => queue),
    );
  }

  async queues(request: HttpRequest): Promise<QueueStats[]> {
    return this.visible(request, await this.operations.queues.stats(), ({ queue }) => ({ queue }));
  }

  /** @throws UnknownQueueError, ProblemError 403: keys may tell who the customers are */
  async keys(request: HttpRequest, queue: string, query: KeysQuery): Promise<KeyPage> {
    await this.require(request, 'see', { queue });
    return this.operations.queues.flow.keys(queue, query);
  }

  async limits(request: HttpRequest): Promise<LimitStatus[]> {
    const aboutOf = ({ kind, name }: LimitStatus): AdminAbout => (kind === 'queue' ? { queue: name } : {});
    return this.visible(request, [...(await this.operations.limits.limits())], aboutOf);
  }

  async pauses(request: HttpRequest): Promise<TaskPause[]> {
    return this.visible(request, [...(await this.operations.limits.pauses())], ({ selector }) => aboutPause(selector));
  }

  /** As {@link queues}, asked anew: for a stream, whose rights may change while it lasts. */
  async queuesNow(request: HttpRequest, all: readonly QueueStats[]): Promise<readonly QueueStats[]> {
    const rights = this.rightsOf.anew(request);
    return rights ? rights.visible(all, ({ queue }) => ({ queue })) : all;
  }

  /** Whether everybody may see everything. */
  isOpen(request: HttpRequest): boolean {
    return this.rightsOf.for(request) === null;
  }

  /** @throws UnknownQueueError, ProblemError 403 */
  async metrics(request: HttpRequest, query: TaskMetricsQuery): Promise<TaskMetrics> {
    const rights = this.rightsOf.for(request);
    if (!rights) return this.operations.queues.metrics(query);
    if (query.queue !== undefined) await rights.require('see', { queue: query.queue });
    return this.operations.queues.metrics(query, (queue, name) => rights.sees({ queue, ...(name !== '' && { name }) }));
  }

  async workers(request: HttpRequest): Promise<WorkerStatus[]> {
    const workers = await this.operations.store.workersAtWork();
    const rights = this.rightsOf.for(request);
    if (!rights) return workers;
    return Promise.all(
      workers.map(async (worker) => ({
        ...worker,
        queues: Object.fromEntries(await rights.visible(Object.entries(worker.queues), ([queue]) => ({ queue }))),
        running: await rights.visible(worker.running, aboutTask),
      })),
    );
  }

  async outbox(request: HttpRequest): Promise<OutboxStatus> {
    const { enabled, queues } = await this.operations.store.outbox();
    return { enabled, queues: await this.visible(request, queues, ({ queue }) => ({ queue })) };
  }

  async condition(request: HttpRequest): Promise<StoreCondition> {
    const condition = await this.operations.store.condition();
    const rights = this.rightsOf.for(request);
    if (!rights) return condition;
    return {
      ...condition,
      unhandled: await rights.visible(condition.unhandled, ({ queue, name }) => ({ queue, name })),
    };
  }

  async crons(request: HttpRequest): Promise<CronSchedule[]> {
    return this.visible(request, await this.schedules.list(), aboutCron);
  }

  /** @throws ScheduleNotFoundError, ProblemError 403 */
  async requireCron(request: HttpRequest, action: AdminAction, name: string): Promise<void> {
    const rights = this.rightsOf.for(request);
    if (!rights) return;
    await rights.require(action, aboutCron(await this.schedules.get(name)));
  }

  async handlers(request: HttpRequest): Promise<readonly RegisteredHandler[]> {
    const aboutOf = ({ queue, name }: RegisteredHandler): AdminAbout => ({ name, ...(queue !== null && { queue }) });
    return this.visible(request, this.registry.all(), aboutOf);
  }

  /** Its entries are of all queues. @throws ProblemError 403 */
  async audit(request: HttpRequest, page: { cursor?: string; limit: number }): Promise<AuditPage> {
    await this.require(request, 'see-audit', {});
    return this.operations.store.audit(page);
  }

  /** Those of `items` that may be seen, in their order. */
  private async visible<T>(request: HttpRequest, items: T[], aboutOf: (item: T) => AdminAbout): Promise<T[]> {
    return this.rightsOf.for(request)?.visible(items, aboutOf) ?? items;
  }

  private tasks(request: HttpRequest): Pick<AllowedTasks, 'list' | 'get' | 'bulk'> {
    return this.tasksFor(request) ?? this.operations.tasks;
  }

  private tasksFor(request: HttpRequest): AllowedTasks | null {
    const rights = this.rightsOf.for(request);
    return rights && new AllowedTasks(this.operations.tasks, rights);
  }
}

/** Tasks with some tags may be of any queue, and have others beside them. */
export function aboutPause({ queue, name }: PauseSelector): AdminAbout {
  return { ...(queue !== undefined && { queue }), ...(name !== undefined && { name }) };
}

/** As of each of its runs. */
function aboutCron({ queue, task, traits }: CronSchedule): Required<AdminAbout> {
  return { queue, name: task, tags: traits?.tags ?? {} };
}
