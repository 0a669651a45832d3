import type { Task } from '../../../../engine/index.js';
import { api } from '../api.js';
import { openDialog } from './dialog.js';
import { h } from '../dom.js';
import type { Page } from '../view.js';

/** What stands for params that must not be shown: it would be enqueued as a value. */
const MASK = '"[sensitive]"';

/** Asks for params and enqueues a new task with them, like the one shown. */
export function runAgain(task: Task, page: Page): void {
  const text = JSON.stringify(task.params, null, 2);
  const field = h('textarea', { id: 'run-again-params', rows: '14', spellcheck: 'false' });
  field.value = text;
  const problem = h('p', { class: 'problem', role: 'alert' });
  const enqueue = h('button', { type: 'button' }, 'Enqueue');
  const cancel = h('button', { type: 'button' }, 'Leave');
  const masked = text.includes(MASK)
    ? 'Write the values that are hidden here: [sensitive] would be taken as it stands.'
    : '';
  const dialog = openDialog(
    `Run ${task.name} again`,
    h('p', {}, `A new task in the queue ${task.queue}. ${masked}`),
    h('label', { for: 'run-again-params' }, 'Params (JSON)'),
    field,
    problem,
    h('div', { class: 'actions' }, enqueue, cancel),
  );
  cancel.addEventListener('click', () => dialog.close());
  enqueue.addEventListener('click', () => {
    let params: unknown;
    try {
      params = JSON.parse(field.value);
    } catch (error) {
      problem.textContent = `This is no JSON: ${(error as Error).message}`;
      field.focus();
      return;
    }
    const { queue, name, priority } = task;
    api.enqueue({ queue, name, priority, params: params as object }).then(
      ({ id }) => {
        dialog.close();
        page.act(() => Promise.resolve(), `Enqueued: ${name}`, `#/tasks/${encodeURIComponent(id)}`);
      },
      // What was written stays, to be put right.
      (error: Error) => {
        problem.textContent = error.message;
        field.focus();
      },
    );
  });
}
