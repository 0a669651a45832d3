import { checkAction, checkListQuery, checkTarget, checkTaskId, MAX_TASK_ID_LENGTH } from '../checks/index.js';
import {
  ACTION_STATES,
  type ActionResult,
  type ErrorReport,
  InvalidArgumentError,
  type Task,
  type TaskAction,
  type TaskChange,
  type TaskFilter,
  type TaskSummary,
  TaskNotFoundError,
  TaskStateError,
  UPDATE_STATES,
} from '../contract/index.js';
import { meetsFacts } from '../engine/common/index.js';
import type { TaskEngine } from '../engine/port/index.js';
import { maskedTask, type MaskParts } from './masked-task.js';
import type { BulkTarget, ListTasksQuery, TaskList } from './operations.types.js';

/** An id as the library makes it: who searches for one means that task alone, where an id of another form may be any word. */
const WHOLE_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Reads and steers the tasks that are stored. */
export class TaskOperations {
  constructor(
    private readonly engine: Pick<TaskEngine, 'kind' | 'inspecting' | 'acting'>,
    private readonly mask: MaskParts,
  ) {}

  /** The task with its attempts and logs. @throws TaskNotFoundError */
  async get(id: string): Promise<Task> {
    const task = await this.engine.inspecting.get(checkTaskId(id));
    if (!task) throw new TaskNotFoundError(id);
    return maskedTask(task, this.mask);
  }

  /**
   * A page of tasks, the newest first unless asked otherwise. Where the text that is searched for is the id of a task, that
   * task comes first, however many there are.
   * @throws InvalidArgumentError
   */
  async list(query: ListTasksQuery = {}): Promise<TaskList> {
    const { filter, page } = checkListQuery(query);
    const named = page.cursor === undefined ? await this.named(filter) : undefined;
    const isAlone = named !== undefined && (WHOLE_ID.test(named.id) || page.limit === 1);
    const found = isAlone
      ? { items: [named], looked: 1, nextCursor: null }
      : await this.engine.inspecting.list(filter, named ? { ...page, limit: page.limit - 1 } : page);
    // It has come first, on this page or on one before.
    const others = isAlone ? [] : found.items.filter(({ id }) => id !== filter.search);
    const items = [...(named ? [named] : []), ...others];
    return { ...found, items: items.map((task) => maskedTask(task, this.mask)) };
  }

  /** The task whose id is searched for, where it meets the rest of the filter. */
  private async named({ search, ...filter }: TaskFilter): Promise<TaskSummary | undefined> {
    // Whether it is of a group of errors is seen by its own: such a search goes through the group.
    if (search === undefined || filter.error !== undefined || search.length > MAX_TASK_ID_LENGTH) return undefined;
    const ids = WHOLE_ID.test(search) ? [search.toLowerCase()] : [search];
    const [found] = await this.engine.inspecting.summaries(ids);
    return found && meetsFacts(filter, found) ? found : undefined;
  }

  /** Failed tasks in groups, by what they failed with. */
  async errorGroups(query: { readonly queue?: string; readonly name?: string } = {}): Promise<ErrorReport> {
    return this.engine.inspecting.errorGroups(query);
  }

  /**
   * Does `action` to one task and reads the task again.
   *
   * @throws TaskNotFoundError
   * @throws TaskStateError where the action does not apply to the task's state, see `ACTION_STATES`, and where another task
   *   holds the key of one that is retried
   */
  async act(action: Exclude<TaskAction, 'delete'>, id: string): Promise<Task> {
    await this.actOn(action, id);
    return this.get(id);
  }

  /**
   * Changes a task that waits and reads it again.
   *
   * @param changeOf says what is to change of the task as it stands
   * @throws TaskNotFoundError, InvalidArgumentError
   * @throws TaskStateError where it runs or has ended
   */
  async update(id: string, changeOf: (task: Task) => Promise<TaskChange>): Promise<Task> {
    const { acting, kind } = this.engine;
    const task = await this.get(id);
    if (!acting.update) throw new InvalidArgumentError('update', `The engine "${kind}" cannot change stored tasks.`);
    const change = await changeOf(task);
    const { changed, refused } = await acting.update(task.id, change);
    if (changed > 0) return this.get(id);
    const state = refused[0]?.state ?? null;
    throw state === null ? new TaskNotFoundError(id) : new TaskStateError(id, 'update', state, UPDATE_STATES);
  }

  /** Deletes a task and its record. @throws TaskNotFoundError, TaskStateError when it runs */
  async delete(id: string): Promise<void> {
    await this.actOn('delete', id);
  }

  /** Acts on many tasks; those to which the action does not apply are left as they are. @throws InvalidArgumentError */
  async bulk(action: TaskAction, target: BulkTarget): Promise<ActionResult> {
    return this.engine.acting.act(checkAction(action), checkTarget(target));
  }

  private async actOn(action: TaskAction, id: string): Promise<void> {
    const { changed, refused } = await this.engine.acting.act(action, { ids: [checkTaskId(id)] });
    if (changed > 0) return;
    const { state = null, holder } = refused[0] ?? {};
    if (state === null) throw new TaskNotFoundError(id);
    throw new TaskStateError(id, action, state, ACTION_STATES[action], holder);
  }
}
