import type {
  ActionResult,
  AuditPage,
  CronSchedule,
  ErrorReport,
  KeyPage,
  LimitStatus,
  OutboxStatus,
  ProblemReport,
  ShownTask,
  Queue,
  Task,
  TaskAction,
  TaskList,
  TaskMetrics,
  TaskPause,
  TaskSteps,
  Workflow,
  WorkflowPage,
  WorkerStatus,
  WrongField,
} from './api-types.js';
import type { EngineInfo } from '../../api/engine.resource.js';
import type { HandlerInfo } from '../../api/handlers.resource.js';
import { noteServerTime } from './format.js';

/** Beside this script, wherever the panel is mounted and whatever a proxy takes away from its path. */
const base = new URL('api/', import.meta.url);

/** An answer that is a problem document; `message` is what a person may read. */
export class ApiError extends Error {
  constructor(
    /** 0: there was no answer. */
    readonly status: number,
    message: string,
    readonly fields: readonly WrongField[] = [],
  ) {
    super(message);
  }
}

/** The body of `POST api/tasks`. */
export interface NewTaskRequest {
  readonly queue: string;
  readonly name: string;
  readonly params: object;
  readonly priority?: number;
  readonly tags?: Task['tags'];
  readonly delay?: string;
  /** UTC milliseconds. */
  readonly runAt?: number;
}

/** The body of `PATCH api/queues/:queue`: a part that is null is as the options say again. */
export interface LimitChange {
  readonly concurrency?: number | null;
  readonly globalConcurrency?: number | null;
  readonly rateLimit?: string | null;
  readonly key?: { readonly concurrency?: number | null; readonly rateLimit?: string | null };
}

/** What narrows a list of tasks: by its field a text, or several of which any will do. */
export type Filter = Readonly<Record<string, string | readonly string[]>>;

/** The body of `POST api/tasks/bulk` beside the action. */
export type BulkSelection = { readonly ids: readonly string[] } | { readonly filter: Filter };

const path = (...segments: readonly string[]): string => segments.map(encodeURIComponent).join('/');

export const api = {
  engine: () => request<EngineInfo>('GET', 'engine'),
  queues: () => request<Queue[]>('GET', 'queues'),
  keys: (queue: string, after?: string) =>
    request<KeyPage>(
      'GET',
      `${path('queues', queue, 'keys')}${after === undefined ? '' : `?after=${encodeURIComponent(after)}`}`,
    ),
  setQueue: (queue: string, change: LimitChange) => request<KeyPage>('PATCH', path('queues', queue), change),
  setKeyPriority: (queue: string, key: string, priority: number) =>
    request<{ readonly changed: number }>('PATCH', path('queues', queue, 'keys'), { key, priority }),
  limits: () => request<LimitStatus[]>('GET', 'limits'),
  pauses: () => request<TaskPause[]>('GET', 'pauses'),
  pauseTasks: (selector: TaskPause['selector']) => request<TaskPause[]>('POST', 'pauses', selector),
  resumeTasks: (selector: TaskPause['selector']) => request<TaskPause[]>('POST', 'pauses/resume', selector),
  pauseQueue: (queue: string) => request<Queue>('POST', path('queues', queue, 'pause')),
  resumeQueue: (queue: string) => request<Queue>('POST', path('queues', queue, 'resume')),
  problems: () => request<ProblemReport>('GET', 'problems'),
  workers: () => request<WorkerStatus[]>('GET', 'workers'),
  outbox: () => request<OutboxStatus>('GET', 'outbox'),
  tasks: (query: URLSearchParams) => request<TaskList>('GET', `tasks?${query.toString()}`),
  task: (id: string) => request<ShownTask>('GET', path('tasks', id)),
  act: (action: TaskAction, id: string) =>
    action === 'delete' ? request<null>('DELETE', path('tasks', id)) : request<Task>('POST', path('tasks', id, action)),
  update: (id: string, change: { readonly runAt?: number; readonly priority?: number }) =>
    request<Task>('PATCH', path('tasks', id), change),
  steps: (id: string) => request<TaskSteps>('GET', path('tasks', id, 'steps')),
  signal: (id: string, name: string, payload: unknown) =>
    request<null>('POST', path('tasks', id, 'signals'), { name, payload }),
  retryFrom: (id: string, step: string) => request<Task>('POST', path('tasks', id, 'retry-from'), { step }),
  bulk: (action: TaskAction, target: BulkSelection) =>
    request<ActionResult>('POST', 'tasks/bulk', { action, ...target }),
  handlers: () => request<HandlerInfo[]>('GET', 'handlers'),
  enqueue: (task: NewTaskRequest) => request<Task>('POST', 'tasks', task),
  errors: (query: URLSearchParams) => request<ErrorReport>('GET', `errors?${query.toString()}`),
  metrics: (query: URLSearchParams) => request<TaskMetrics>('GET', `metrics?${query.toString()}`),
  crons: () => request<CronSchedule[]>('GET', 'crons'),
  actOnCron: (action: 'trigger' | 'pause' | 'resume', name: string) =>
    request<unknown>('POST', path('crons', name, action)),
  workflows: (query: URLSearchParams) => request<WorkflowPage>('GET', `workflows?${query.toString()}`),
  workflow: (id: string) => request<Workflow>('GET', path('workflows', id)),
  cancelWorkflow: (id: string) => request<Workflow>('POST', path('workflows', id, 'cancel')),
  retryWorkflow: (id: string, from?: string) =>
    request<Workflow>('POST', path('workflows', id, 'retry'), from === undefined ? {} : { from }),
  audit: (query: URLSearchParams) => request<AuditPage>('GET', `audit?${query.toString()}`),
};

export function eventsUrl(): URL {
  return new URL('events', base);
}

async function request<T>(method: string, target: string, content?: object): Promise<T> {
  const sent = content && { body: JSON.stringify(content), headers: { 'Content-Type': 'application/json' } };
  const response = await fetch(new URL(target, base), { method, ...sent }).catch(() => {
    throw new ApiError(0, 'The app does not answer.');
  });
  noteServerTime(response.headers.get('date'));
  const body = await readBody(response);
  if (response.ok) return body as T;
  const problem = (body ?? {}) as { readonly code?: unknown; readonly detail?: unknown; readonly errors?: unknown };
  // In the place of the page there is then one that asks for the key.
  if (problem.code === 'key_required') location.reload();
  const detail = typeof problem.detail === 'string' ? problem.detail : `The app answered ${response.status}.`;
  throw new ApiError(response.status, detail, Array.isArray(problem.errors) ? (problem.errors as WrongField[]) : []);
}

async function readBody(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return null;
  }
}
