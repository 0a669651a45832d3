import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { api } from '../api.js';
import type { Task } from '../api-types.js';
import { say } from '../core/act.js';
import { mayChange } from '../core/engine.js';
import { readAll } from '../core/live.js';
import { count } from '../format.js';
import { Action } from '../ui/bits.js';
import { Dialog } from '../ui/dialog.js';
import { Ago, ClockTime } from '../ui/time.js';

const WORDS = { sleep: 'sleeps', wait: 'waits for a signal', call: 'waits for a task' } as const;

/** What a suspended task waits for, and since when. */
export function WaitingPart({ task }: { readonly task: Task }): JSX.Element {
  const { since, until, waits, total } = task.waitingFor!;
  const names = waits.find(({ kind }) => kind === 'wait')?.name.split('|') ?? [];
  return (
    <section class="panel" aria-label="Waits for">
      <div class="panel-head">
        <h2>Waits for</h2>
        {mayChange(task.queue) && <SendSignal task={task} names={names} />}
      </div>
      <ul class="plain">
        {waits.map(({ kind, name, until: end }) => (
          <li key={`${kind} ${name}`}>
            <code>{name}</code> {WORDS[kind]}
            {end !== undefined && (
              <>
                {' until '}
                <ClockTime at={end} />
              </>
            )}
          </li>
        ))}
        {total > waits.length && <li class="notice">{`and ${count(total - waits.length)} more`}</li>}
      </ul>
      <p class="notice">
        {'Suspended '}
        <Ago at={since} />
        {until !== undefined && (
          <>
            {', goes on at the latest '}
            <Ago at={until} />
          </>
        )}
      </p>
    </section>
  );
}

function SendSignal({ task, names }: { readonly task: Task; readonly names: readonly string[] }): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        Send a signal …
      </button>
      {isOpen && <SignalForm task={task} names={names} onClose={() => setOpen(false)} />}
    </>
  );
}

function SignalForm({
  task,
  names,
  onClose,
}: {
  readonly task: Task;
  readonly names: readonly string[];
  readonly onClose: () => void;
}): JSX.Element {
  const name = useRef<HTMLInputElement>(null);
  const payload = useRef<HTMLTextAreaElement>(null);
  const [problem, setProblem] = useState('');
  const send = async (): Promise<void> => {
    try {
      const text = payload.current!.value.trim();
      await api.signal(task.id, name.current!.value, text === '' ? null : JSON.parse(text));
      onClose();
      say(`Sent to ${task.name}`);
      readAll();
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <Dialog title={`Send a signal to ${task.name}`} onClose={onClose}>
      <label for="signal-name">Name</label>
      <input id="signal-name" ref={name} defaultValue={names[0] ?? ''} list="signal-names" />
      <datalist id="signal-names">
        {names.map((known) => (
          <option key={known} value={known} />
        ))}
      </datalist>
      <label for="signal-payload">Payload, as JSON (left empty: null)</label>
      <textarea id="signal-payload" ref={payload} rows={4} />
      <p class="problem" role="alert">
        {problem}
      </p>
      <div class="actions">
        <Action label="Send" kind="primary" run={send} />
        <button type="button" onClick={onClose}>
          Cancel
        </button>
      </div>
    </Dialog>
  );
}
