import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

/** Levels that stand open at first, where they are not long. */
const OPEN_LEVELS = 2;
const LONG = 20;
/** Children drawn of one array or object; the rest is counted, and all of it can be copied. */
const MAX_CHILDREN = 200;
/** Below this, the rest is written as one line: the browser's layout goes no deeper well. */
const MAX_LEVELS = 40;
const PREVIEW = 60;

interface Props {
  readonly value: unknown;
  readonly label?: string;
  readonly level?: number;
}

/** A value as a tree that opens and closes; parts that are closed are made when they are opened. */
export function JsonTree({ value, label, level = 0 }: Props): JSX.Element {
  const name = label === undefined ? null : <span class="json-key">{`${label}: `}</span>;
  if (value === null || typeof value !== 'object' || level >= MAX_LEVELS) {
    return (
      <div class="json-leaf">
        {name}
        <span class={`json-${typeof value}`}>{JSON.stringify(value) ?? String(value)}</span>
      </div>
    );
  }
  const entries = Object.entries(value);
  if (entries.length === 0)
    return (
      <div class="json-leaf">
        {name}
        {Array.isArray(value) ? '[]' : '{}'}
      </div>
    );
  return <Branch value={value} entries={entries} name={name} level={level} />;
}

function Branch({
  value,
  entries,
  name,
  level,
}: {
  readonly value: object;
  readonly entries: ReadonlyArray<[string, unknown]>;
  readonly name: JSX.Element | null;
  readonly level: number;
}): JSX.Element {
  const [isOpen, setOpen] = useState(level === 0 || (level < OPEN_LEVELS && entries.length <= LONG));
  const size = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`;
  const rest = entries.length - MAX_CHILDREN;
  return (
    <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {name}
        <span class="json-size">{size}</span>
        {!isOpen && <span class="json-preview">{` ${preview(value, PREVIEW)}`}</span>}
      </summary>
      {isOpen && (
        <div class="json-children">
          {entries.slice(0, MAX_CHILDREN).map(([key, child]) => (
            <JsonTree key={key} value={child} label={key} level={level + 1} />
          ))}
          {rest > 0 && `… and ${rest.toLocaleString()} more`}
        </div>
      )}
    </details>
  );
}

/** A value on one line, cut off where it is long: `to: "Ada", cart: [3]`. */
export function preview(value: unknown, length: number): string {
  if (value === null || typeof value !== 'object') return cut(JSON.stringify(value) ?? '', length);
  const parts: string[] = [];
  let size = 0;
  for (const [key, child] of Object.entries(value)) {
    const text = `${Array.isArray(value) ? '' : `${key}: `}${short(child)}`;
    parts.push(text);
    size += text.length + 2;
    if (size > length) break;
  }
  return cut(parts.join(', '), length);
}

function short(value: unknown): string {
  if (Array.isArray(value)) return `[${value.length}]`;
  if (value !== null && typeof value === 'object') return `{${Object.keys(value).length}}`;
  return JSON.stringify(value) ?? String(value);
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
