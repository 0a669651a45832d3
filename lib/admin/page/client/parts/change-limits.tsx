import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { Queue } from '../api-types.js';
import { api, ApiError, type LimitChange } from '../api.js';
import { say } from '../core/act.js';
import { engine, mayChange } from '../core/engine.js';
import { readAll } from '../core/live.js';
import { rateText } from '../format.js';
import { Dialog } from '../ui/dialog.js';
import { Field } from '../ui/field.js';

type Part = 'concurrency' | 'globalConcurrency' | 'rateLimit' | 'key.concurrency' | 'key.rateLimit';
type Texts = Readonly<Record<Part, string>>;

const LABELS: Readonly<Record<Part, string>> = {
  concurrency: 'Workers of each process',
  globalConcurrency: 'At once in all',
  rateLimit: 'Starts in a span',
  'key.concurrency': 'At once of a key',
  'key.rateLimit': 'Starts of a key',
};
const PARTS = Object.keys(LABELS) as Part[];

/** Changes what a queue lets run, for all processes, until it is taken back. */
export function ChangeLimits({ stats }: { readonly stats: Queue }): JSX.Element | null {
  const [isOpen, setOpen] = useState(false);
  if (!mayChange(stats.queue) || engine.value?.capabilities.keys === false) return null;
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        Change limits …
      </button>
      {isOpen && <Form queue={stats.queue} now={textsOf(stats)} onClose={() => setOpen(false)} />}
    </>
  );
}

interface FormProps {
  readonly queue: string;
  /** What holds now. */
  readonly now: Texts;
  readonly onClose: () => void;
}

function Form({ queue, now, onClose }: FormProps): JSX.Element {
  // What comes in meanwhile is not what was changed here.
  const [before] = useState(now);
  const [texts, setTexts] = useState<Texts>(now);
  const [problem, setProblem] = useState<readonly [field: string, message: string] | null>(null);
  const [isSending, setSending] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const change = async (): Promise<void> => {
    const changed = PARTS.filter((part) => texts[part].trim() !== before[part]);
    if (changed.length === 0) return onClose();
    setSending(true);
    try {
      await api.setQueue(queue, changeOf(texts, changed));
      onClose();
      say(`Changed: what runs of ${queue}`);
      readAll();
    } catch (error) {
      const [wrong] = error instanceof ApiError ? error.fields : [];
      const part = PARTS.find((one) => one === wrong?.field);
      setProblem([part ?? '', (error as Error).message]);
      if (part) form.current?.querySelector<HTMLElement>(`[name="${part}"]`)?.focus();
    } finally {
      setSending(false);
    }
  };
  return (
    <Dialog title={`Change what runs of ${queue}`} onClose={onClose}>
      <p class="hint">
        For all processes, at once, and until it is changed again. What is left empty is as the options say; a rate is a
        number of starts in a span, such as 100/m or 10/30s.
      </p>
      <form
        ref={form}
        onSubmit={(event) => {
          event.preventDefault();
          void change();
        }}
      >
        {PARTS.map((part) => {
          const isWrong = problem?.[0] === part;
          return (
            <Field key={part} id={`limit-${part}`} label={LABELS[part]} problems={isWrong ? [problem[1]] : undefined}>
              <input
                id={`limit-${part}`}
                name={part}
                value={texts[part]}
                inputMode={isRate(part) ? 'text' : 'numeric'}
                autocomplete="off"
                aria-invalid={isWrong}
                aria-describedby={`limit-${part}-problem`}
                onInput={(event) => setTexts({ ...texts, [part]: event.currentTarget.value })}
              />
            </Field>
          );
        })}
        <p class="problem" role="alert">
          {problem?.[0] === '' && problem[1]}
        </p>
        <div class="actions">
          <button type="submit" class="primary" disabled={isSending}>
            Change
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function isRate(part: Part): boolean {
  return part.endsWith('rateLimit');
}

function textsOf({ concurrency, rateLimit, flow }: Queue): Texts {
  return {
    concurrency: String(concurrency),
    globalConcurrency: String(flow?.globalConcurrency ?? ''),
    rateLimit: rateLimit ? rateText(rateLimit) : '',
    'key.concurrency': String(flow?.keyConcurrency ?? ''),
    'key.rateLimit': flow?.keyRateLimit ? rateText(flow.keyRateLimit) : '',
  };
}

function changeOf(texts: Texts, changed: readonly Part[]): LimitChange {
  const key: Record<string, unknown> = {};
  const change: Record<string, unknown> = {};
  for (const part of changed) {
    const text = texts[part].trim();
    const value = text === '' ? null : isRate(part) || !/^\d+$/.test(text) ? text : Number(text);
    if (part.startsWith('key.')) key[part.slice('key.'.length)] = value;
    else change[part] = value;
  }
  // What is no number goes to the app as it is, which says what is wrong with it.
  return Object.keys(key).length > 0 ? { ...change, key } : change;
}
