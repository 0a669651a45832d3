import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { TaskState } from '../api-types.js';
import type { Live } from '../core/use-live.js';
import { count, isShort, shortCount } from '../format.js';

export function Badge({ state }: { readonly state: TaskState }): JSX.Element {
  return <span class={`badge ${state}`}>{state}</span>;
}

/** Something that is out of the ordinary. */
export function Mark({
  text,
  kind = '',
  title,
}: {
  readonly text: string;
  readonly kind?: string;
  readonly title?: string;
}): JSX.Element {
  return (
    <span class={`badge ${kind}`} title={title}>
      {text}
    </span>
  );
}

export function Notice({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return <p class="notice">{children}</p>;
}

/** A number where there is little room, with all its digits on hover. */
export function Count({ value }: { readonly value: number }): JSX.Element {
  return isShort(value) ? <>{count(value)}</> : <span title={count(value)}>{shortCount(value)}</span>;
}

export interface PanelProps {
  readonly title: string;
  readonly class?: string;
  /** Beside the title. */
  readonly tools?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A part of a page under a heading of its own. */
export function Panel({ title, class: kind = '', tools, children }: PanelProps): JSX.Element {
  return (
    <section class={`panel ${kind}`} aria-label={title}>
      <div class="panel-head">
        <h2>{title}</h2>
        {tools !== undefined && <div class="actions">{tools}</div>}
      </div>
      {children}
    </section>
  );
}

/** What was read, that it is being read, or why it could not be. What is shown stays while it cannot be read anew. */
export function Loaded<T>({
  live,
  children,
}: {
  readonly live: Live<T>;
  readonly children: (data: T) => ComponentChildren;
}): JSX.Element {
  const { data, error } = live;
  return (
    <>
      {error !== null && (error.status !== 0 || data === null) && (
        <p class="problem-line" role="alert">
          {error.message}{' '}
          <button type="button" onClick={() => void live.again()}>
            Try again
          </button>
        </p>
      )}
      {data !== null ? children(data) : error === null && <Notice>Reading …</Notice>}
    </>
  );
}

/** Copies a text, and says whether it did. @param text asked for when it is pressed */
export function Copy({ label, text }: { readonly label: string; readonly text: () => string }): JSX.Element {
  const [said, setSaid] = useState('');
  const copy = (): void => {
    // Absent where the page came by plain HTTP from another machine.
    const { clipboard } = navigator as { clipboard?: Clipboard };
    const written = clipboard?.writeText(text()) ?? Promise.reject(new Error());
    written.then(
      () => setSaid('Copied'),
      () => setSaid('The browser does not let this page copy.'),
    );
  };
  return (
    <span class="copy">
      <button type="button" class="quiet" onClick={copy}>
        {label}
      </button>
      <span role="status">{said}</span>
    </span>
  );
}

export interface ActionProps {
  readonly label: string;
  /** Said to whoever does not see what it is about. */
  readonly about?: string;
  readonly kind?: string;
  readonly run: () => Promise<unknown>;
}

/** A button whose work may take a while: it says so, and is not pressed twice. */
export function Action({ label, about, kind = '', run }: ActionProps): JSX.Element {
  const [isBusy, setBusy] = useState(false);
  const press = (): void => {
    if (isBusy) return;
    setBusy(true);
    void run().finally(() => setBusy(false));
  };
  return (
    <button type="button" class={kind} aria-disabled={isBusy} aria-busy={isBusy} aria-label={about} onClick={press}>
      {label}
    </button>
  );
}

export function Segments<T extends string>({
  label,
  options,
  value,
  choose,
}: {
  readonly label: string;
  readonly options: ReadonlyArray<readonly [value: T, label: string]>;
  readonly value: T;
  readonly choose: (value: T) => void;
}): JSX.Element {
  return (
    <div class="segments" role="group" aria-label={label}>
      {options.map(([option, text]) => (
        <button key={option} type="button" aria-pressed={option === value} onClick={() => choose(option)}>
          {text}
        </button>
      ))}
    </div>
  );
}
