import type { QueueStats, TaskList, TaskMetrics } from '../../../dispatcher/task-dispatcher.types.js';
import type { CronSchedule } from '../../../cron/cron-schedules.types.js';
import type { ActionResult, ActionTarget, Task, TaskAction } from '../../../engine/index.js';

/** Beside this script, wherever the panel is mounted and whatever a proxy takes away from its path. */
const base = new URL('api/', import.meta.url);

/** An answer that is a problem document; `message` is what a person may read. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** What `POST api/tasks` takes. */
export interface NewTaskRequest {
  readonly queue: string;
  readonly name: string;
  readonly params: object;
  readonly priority?: number;
}

const path = (...segments: readonly string[]): string => segments.map(encodeURIComponent).join('/');

export const api = {
  queues: () => request<QueueStats[]>('GET', 'queues'),
  pauseQueue: (queue: string) => request<QueueStats>('POST', path('queues', queue, 'pause')),
  resumeQueue: (queue: string) => request<QueueStats>('POST', path('queues', queue, 'resume')),
  tasks: (query: URLSearchParams) => request<TaskList>('GET', `tasks?${query.toString()}`),
  task: (id: string) => request<Task>('GET', path('tasks', id)),
  act: (action: TaskAction, id: string) =>
    action === 'delete' ? request<null>('DELETE', path('tasks', id)) : request<Task>('POST', path('tasks', id, action)),
  bulk: (action: TaskAction, target: ActionTarget) =>
    request<ActionResult>('POST', 'tasks/bulk', { action, ...target }),
  enqueue: (task: NewTaskRequest) => request<Task>('POST', 'tasks', task),
  metrics: (query: URLSearchParams) => request<TaskMetrics>('GET', `metrics?${query.toString()}`),
  crons: () => request<CronSchedule[]>('GET', 'crons'),
  actOnCron: (action: 'trigger' | 'pause' | 'resume', name: string) =>
    request<unknown>('POST', path('crons', name, action)),
};

export function eventsUrl(): URL {
  return new URL('events', base);
}

async function request<T>(method: string, target: string, content?: object): Promise<T> {
  const sent = content && { body: JSON.stringify(content), headers: { 'Content-Type': 'application/json' } };
  const response = await fetch(new URL(target, base), { method, ...sent }).catch(() => {
    throw new ApiError(0, 'The app does not answer.');
  });
  const body = await readBody(response);
  if (response.ok) return body as T;
  const detail = (body as { detail?: unknown } | null)?.detail;
  throw new ApiError(response.status, typeof detail === 'string' ? detail : `The app answered ${response.status}.`);
}

async function readBody(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return null;
  }
}
