import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { api } from '../api.js';
import { act } from '../core/act.js';
import { countOf } from '../format.js';
import { Dialog } from '../ui/dialog.js';
import { Field } from '../ui/field.js';

interface Props {
  readonly queue: string;
  /** The key. */
  readonly name: string;
}

/** Has what waits of a key start before the rest of its queue, or after it. */
export function KeyPriority({ queue, name }: Props): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" aria-label={`Raise ${name} …`} onClick={() => setOpen(true)}>
        Raise …
      </button>
      {isOpen && <Form queue={queue} name={name} onClose={() => setOpen(false)} />}
    </>
  );
}

function Form({ queue, name, onClose }: Props & { readonly onClose: () => void }): JSX.Element {
  const priority = useRef<HTMLInputElement>(null);
  const raise = async (): Promise<void> => {
    const wanted = Number(priority.current!.value);
    onClose();
    await act(
      () => api.setKeyPriority(queue, name, wanted),
      ({ changed }) => `Priority ${wanted}: ${countOf(changed, 'task')} of ${name}`,
    );
  };
  return (
    <Dialog title={`Raise ${name}`} onClose={onClose}>
      <p class="hint">
        What waits of the key is given this priority: higher starts first, and 0 is where others are. What comes later
        has its own.
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void raise();
        }}
      >
        <Field id="key-priority" label="Priority" problems={undefined}>
          <input
            id="key-priority"
            ref={priority}
            type="number"
            min="-1000000"
            max="1000000"
            step="1"
            required
            defaultValue="10"
          />
        </Field>
        <div class="actions">
          <button type="submit" class="primary">
            Raise
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}
