import type { JSX } from 'preact';
import type { Task, TaskAction, TaskSummary } from '../api-types.js';
import { ACTION_STATES } from '../../../../contract/index.js';
import { api } from '../api.js';
import { act } from '../core/act.js';
import { engine, mayChange } from '../core/engine.js';
import { Action } from '../ui/bits.js';
import { ask } from '../ui/dialog.js';
import { preview } from '../ui/json-tree.js';

export const ACTION_LABELS: Readonly<Record<TaskAction, string>> = {
  retry: 'Retry',
  'run-now': 'Run now',
  cancel: 'Cancel',
  delete: 'Delete',
};

const DONE: Readonly<Record<TaskAction, string>> = {
  retry: 'Available again',
  'run-now': 'Available now',
  cancel: 'Cancelled',
  delete: 'Deleted',
};

const EFFECTS: Readonly<Record<TaskAction, string>> = {
  retry: 'It runs again, with all its retries.',
  'run-now': 'It runs as soon as a worker is free.',
  cancel: 'It does not run; where it runs already, its handler is told to stop.',
  delete: 'Its attempts, logs and params are deleted with it. This cannot be undone.',
};

export type ActedOn = Pick<TaskSummary, 'id' | 'name' | 'queue' | 'state' | 'params'> & Pick<Task, 'workflow'>;

export function actionsOf(task: ActedOn): TaskAction[] {
  if (!mayChange(task.queue)) return [];
  return (Object.keys(ACTION_LABELS) as TaskAction[]).filter(
    (action) => ACTION_STATES[action].includes(task.state) && !isKeptByWorkflow(action, task),
  );
}

/** Where a workflow is changed as a whole or not at all, what waits for a task has gone on for good, or goes by it alone. */
function isKeptByWorkflow(action: TaskAction, { state, workflow }: ActedOn): boolean {
  if (engine.value?.capabilities.wholeWorkflows !== false) return false;
  return (
    (action === 'retry' && workflow !== undefined && state !== 'retryable') ||
    (action === 'cancel' && state === 'blocked')
  );
}

/** Asks, naming the task, and acts. @param then hash of the page to go to when it is done */
export async function actOn(action: TaskAction, task: ActedOn, then?: string): Promise<void> {
  const label = ACTION_LABELS[action];
  const isSure = await ask({
    title: `${label}: ${task.name}?`,
    text: (
      <>
        <p>{EFFECTS[action]}</p>
        <dl class="facts">
          <dt>Id</dt>
          <dd>
            <code>{task.id}</code>
          </dd>
          <dt>Queue</dt>
          <dd>{task.queue}</dd>
          <dt>Params</dt>
          <dd>
            <code>{preview(task.params, 200)}</code>
          </dd>
        </dl>
      </>
    ),
    confirm: label,
    isHarmless: action !== 'delete' && action !== 'cancel',
  });
  if (!isSure) return;
  // One that waited for its time, or for a retry, would run at once if it were retried.
  const isUndone = action === 'cancel' && task.state === 'available';
  await act(() => api.act(action, task.id), `${DONE[action]}: ${task.name}`, {
    target: then,
    undo: isUndone ? () => api.act('retry', task.id) : undefined,
  });
}

/** What a task's state allows: the first as a button of its own, or all of them, one line each. */
export function TaskActions({
  task,
  then,
  isMenu = false,
}: {
  readonly task: ActedOn;
  readonly then?: string;
  readonly isMenu?: boolean;
}): JSX.Element {
  return (
    <>
      {actionsOf(task).map((action) => {
        const kind = action === 'delete' ? 'danger' : action === 'retry' && !isMenu ? 'primary' : '';
        const next = action === 'delete' ? then : undefined;
        return <Action key={action} label={ACTION_LABELS[action]} kind={kind} run={() => actOn(action, task, next)} />;
      })}
    </>
  );
}
