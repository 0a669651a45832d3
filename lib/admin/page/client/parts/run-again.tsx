import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { Task } from '../api-types.js';
import { api } from '../api.js';
import { say } from '../core/act.js';
import { useAlive } from '../core/use-alive.js';
import { go, taskHref } from '../core/place.js';
import { Action } from '../ui/bits.js';
import { Dialog } from '../ui/dialog.js';

/** The text for params that must not be shown: it would be enqueued as a value. */
const MASK = '"[sensitive]"';

const shown = signal<Task | null>(null);

/** Asks for params, and enqueues a new task with them, like the one given. */
export function runAgain(task: Task): void {
  shown.value = task;
}

export function RunAgain(): JSX.Element | null {
  return shown.value && <Form key={shown.value.id} task={shown.value} />;
}

function Form({ task }: { readonly task: Task }): JSX.Element {
  const { queue, name, priority, tags } = task;
  const text = JSON.stringify(task.params, null, 2);
  const field = useRef<HTMLTextAreaElement>(null);
  const [problem, setProblem] = useState('');
  const isOpen = useAlive();
  const close = (): void => {
    shown.value = null;
  };
  const enqueue = async (): Promise<void> => {
    try {
      const params = JSON.parse(field.current!.value) as object;
      const { id } = await api.enqueue({ queue, name, priority, params, ...(tags && { tags }) });
      say(`Enqueued: ${name}`);
      // By now somebody may have closed it, and be writing into another one.
      if (!isOpen.current) return;
      close();
      go(taskHref(id));
    } catch (error) {
      if (!isOpen.current) return say((error as Error).message, true);
      // The text stays, to be put right.
      setProblem(error instanceof SyntaxError ? `This is no JSON: ${error.message}` : (error as Error).message);
      field.current?.focus();
    }
  };
  return (
    <Dialog title={`Run ${name} again`} onClose={close}>
      <p>
        A new task in the queue {queue}.{' '}
        {text.includes(MASK) && 'Write the values that are hidden here: [sensitive] would be taken as it stands.'}
      </p>
      <label for="run-again-params">Params (JSON)</label>
      <textarea id="run-again-params" ref={field} rows={14} spellcheck={false} defaultValue={text} />
      <p class="problem" role="alert">
        {problem}
      </p>
      <div class="actions">
        <Action label="Enqueue" kind="primary" run={enqueue} />
        <button type="button" onClick={close}>
          Cancel
        </button>
      </div>
    </Dialog>
  );
}
