import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { UPDATE_STATES } from '../../../../contract/index.js';
import { api } from '../api.js';
import type { Task } from '../api-types.js';
import { say } from '../core/act.js';
import { mayChange } from '../core/engine.js';
import { readAll } from '../core/live.js';
import { Action } from '../ui/bits.js';
import { Dialog } from '../ui/dialog.js';

/** Asks when a task that waits is to run, and before which others. */
export function ChangeTask({ task }: { readonly task: Task }): JSX.Element | null {
  const [isOpen, setOpen] = useState(false);
  if (!mayChange(task.queue) || !UPDATE_STATES.some((state) => state === task.state)) return null;
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        Change …
      </button>
      {isOpen && <Form task={task} onClose={() => setOpen(false)} />}
    </>
  );
}

function Form({ task, onClose }: { readonly task: Task; readonly onClose: () => void }): JSX.Element {
  const time = useRef<HTMLInputElement>(null);
  const rank = useRef<HTMLInputElement>(null);
  const [problem, setProblem] = useState('');
  const change = async (): Promise<void> => {
    const priority = Number(rank.current!.value);
    const runAt = time.current!.value === '' ? undefined : Date.parse(time.current!.value);
    try {
      await api.update(task.id, { ...(runAt !== undefined && { runAt }), priority });
      onClose();
      say(`Changed: ${task.name}`);
      readAll();
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <Dialog title={`Change ${task.name}`} onClose={onClose}>
      <label for="change-run-at">Run at (left empty: as it is)</label>
      <input id="change-run-at" ref={time} type="datetime-local" step="1" />
      <label for="change-priority">Priority</label>
      <input id="change-priority" ref={rank} type="number" step="1" defaultValue={String(task.priority)} />
      <p class="problem" role="alert">
        {problem}
      </p>
      <div class="actions">
        <Action label="Change" kind="primary" run={change} />
        <button type="button" onClick={onClose}>
          Cancel
        </button>
      </div>
    </Dialog>
  );
}
