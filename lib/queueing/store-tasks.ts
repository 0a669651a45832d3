import type { EntityManager } from 'typeorm';
import { type EnqueuedTask, StoreError } from '../contract/index.js';
import { waitingTask } from '../engine/common/index.js';
import type { EnqueueAnswer, Enqueueing, NewTask } from '../engine/port/index.js';
import { maskSensitive } from '../params/index.js';

/** A task may be there when it is handed over, and deleted when it is asked for: it is handed over again so often. */
const MAX_TRIES = 10;

/** A task that is ready to be stored. */
export interface ReadyTask {
  readonly task: NewTask;
  /** As a reader of the stored task gets them, but for what is sensitive. */
  readonly params: unknown;
}

/**
 * Stores tasks, all or none, save those whose id is there already or whose key is held. Resolves to each as it stands in the
 * store then.
 *
 * @throws DuplicateTaskError, ForeignManagerError, StoreError
 */
export async function storeTasks(
  enqueueing: Enqueueing,
  ready: readonly ReadyTask[],
  manager: EntityManager | undefined,
): Promise<EnqueuedTask[]> {
  if (ready.length === 0) return [];
  const storing = enqueueing.enqueue(
    ready.map(({ task }) => task),
    manager,
  );
  // While they are stored, which may be in another thread.
  const tasks = ready.map(asStored);
  const answers = await storing;
  if (answers.every(isStored)) return tasks;
  return withExisting(enqueueing, ready, tasks, answers, manager);
}

/** @param stored each of `ready` as it stands where this call has stored it */
async function withExisting(
  enqueueing: Enqueueing,
  ready: readonly ReadyTask[],
  stored: readonly EnqueuedTask[],
  answers: readonly EnqueueAnswer[],
  manager: EntityManager | undefined,
): Promise<EnqueuedTask[]> {
  const others = ready.flatMap(({ task }, index) =>
    isStored(answers[index]) ? [] : [inTheWay(task, answers[index]!)],
  );
  const found = await enqueueing.existing(others, manager);
  const existing = found.values();
  const tasks: EnqueuedTask[] = [];
  for (const [index, each] of ready.entries()) {
    if (isStored(answers[index])) tasks.push(stored[index]!);
    else {
      const task = existing.next().value;
      tasks.push(task ? { ...task, enqueued: false } : await storeAgain(enqueueing, each, manager));
    }
  }
  return tasks;
}

/** What was in the way is gone. */
async function storeAgain(
  enqueueing: Enqueueing,
  ready: ReadyTask,
  manager: EntityManager | undefined,
): Promise<EnqueuedTask> {
  for (let tries = 1; tries < MAX_TRIES; tries += 1) {
    const [answer] = await enqueueing.enqueue([ready.task], manager);
    if (isStored(answer)) return asStored(ready);
    const [task] = await enqueueing.existing([inTheWay(ready.task, answer!)], manager);
    if (task) return { ...task, enqueued: false };
  }
  throw new StoreError(
    `Whether task "${ready.task.id}" is stored cannot be told: it came and went ${MAX_TRIES} times.`,
  );
}

/** The task that there is instead of a new one. */
function inTheWay({ id, queue }: NewTask, answer: EnqueueAnswer): Pick<NewTask, 'id' | 'queue'> {
  return { id: typeof answer === 'object' ? answer.holder : id, queue };
}

function isStored(answer: EnqueueAnswer | undefined): boolean {
  return answer === 'stored';
}

/** A task as it stands in the store now: reading it back would cost a query, and within a transaction find nothing. */
export function asStored({ task, params }: ReadyTask): EnqueuedTask {
  const { sensitive } = task;
  const shown = sensitive.length > 0 ? maskSensitive(params, sensitive) : params;
  return { ...waitingTask(task, { params: shown }), enqueued: true };
}
