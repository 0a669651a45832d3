import { ACTION_STATES } from '../../../../engine/task-engine.js';
import type { TaskAction, TaskState } from '../../../../engine/index.js';
import { api } from '../api.js';
import { button } from '../dom.js';
import type { Page } from '../view.js';
import { ask } from './dialog.js';

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

/**
 * The buttons that a task's state allows.
 * @param afterDelete hash of the page to go to, where the present one is of this task alone
 */
export function actionButtons(
  task: { readonly id: string; readonly name: string; readonly queue: string; readonly state: TaskState },
  page: Page,
  afterDelete?: string,
): HTMLElement[] {
  if (page.readOnly || page.isForeign(task.queue)) return [];
  const actions = (Object.keys(ACTION_LABELS) as TaskAction[]).filter((action) =>
    ACTION_STATES[action].includes(task.state),
  );
  return actions.map((action) => {
    const run = async (): Promise<void> => {
      if (action === 'delete') {
        const isSure = await ask({
          title: `Delete ${task.name}?`,
          text: 'Its record goes with it.',
          confirm: 'Delete',
        });
        if (!isSure) return;
      }
      const next = action === 'delete' ? afterDelete : undefined;
      page.act(() => api.act(action, task.id), `${DONE[action]}: ${task.name}`, next);
    };
    return button(ACTION_LABELS[action], () => void run(), action === 'delete' ? 'danger' : '');
  });
}
