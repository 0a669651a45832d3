import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { api } from '../api.js';
import { engine } from '../core/engine.js';
import { queues } from '../core/live.js';
import { fromHere, go, replaceQuery } from '../core/place.js';
import { valuesOf, WITHIN, withValues } from '../task-query.js';
import { Chips, localText, SavedFilters } from './filter-chips.js';

const WRITTEN = [
  ['queue', 'Queues'],
  ['name', 'Tasks'],
  ['tag', 'Tags, as customer:42'],
  ['search', 'Id, params or error'],
] as const;
const LISTED = ['queue', 'name'] as const;
/** What goes along to another list while it is not sent. */
const KEPT = [...WRITTEN.map(([field]) => field), 'time', 'from', 'to'] as const;
const BETWEEN = 'between';
const BETWEEN_VALUES = ', ';
/** A part of a name that so many have is no choice. */
const MAX_MEANT = 20;

/** Filters of a list of tasks beside the state. A choice goes into the address, and from there to the list. */
export function TaskFilters({ link }: { readonly link: URLSearchParams }): JSX.Element {
  const [draft, setDraft] = useState(() => draftOf(link));
  const sent = useRef(draft);
  const [reading] = useState(readNames);
  const [names, setNames] = useState<readonly string[] | null>(null);
  useEffect(() => void reading.then(setNames), []);
  const known: Known = { queue: (queues.value ?? []).map(({ queue }) => queue), name: names ?? [] };
  const address = link.toString();
  // Before a person can write more: that would be overwritten by what was written until now.
  useLayoutEffect(() => {
    const [before, now] = [sent.current, draftOf(link)];
    sent.current = now;
    // What was written and not sent goes along, as to the tasks of another state.
    const unsent = KEPT.filter((field) => draft[field] !== before[field] && now[field] === before[field]);
    const next = { ...now, ...Object.fromEntries(unsent.map((field) => [field, draft[field]])) };
    setDraft(next);
    if (unsent.length > 0) submit(next, replaceQuery);
  }, [address]);
  const submit = (
    changed: Partial<Draft> = {},
    show: (query: URLSearchParams) => void = open,
    listed: Known = known,
  ): void => {
    const wanted = { ...draft, ...changed };
    let target = link;
    const set = (field: string, ...values: readonly string[]): void => {
      target = withValues(
        target,
        field,
        values.filter((value) => value !== ''),
      );
    };
    for (const field of LISTED) {
      const parts = written(wanted[field], valuesOf(link, field), listed[field]);
      set(field, ...parts.flatMap((part) => meant(part, listed[field])));
    }
    set('tag', ...tagsWritten(wanted.tag, valuesOf(link, 'tag')));
    set('search', wanted.search.trim());
    set('within', wanted.time === BETWEEN ? '' : wanted.time);
    set('from', wanted.time === BETWEEN ? utcText(wanted.from) : '');
    set('to', wanted.time === BETWEEN ? utcText(wanted.to) : '');
    set('order', wanted.order);
    show(target);
  };
  const latest = useRef(submit);
  latest.current = submit;
  /** Who is quicker than the app means by a part of a name what is not listed yet. */
  const enter = async (): Promise<void> => {
    const areListed = names !== null && queues.value !== null;
    if (areListed || LISTED.every((field) => draft[field] === sent.current[field])) return submit();
    const isHere = fromHere();
    const listed = await allKnown(reading);
    if (isHere()) latest.current({}, open, listed);
  };
  const write = (field: keyof typeof draft, value: string): void =>
    setDraft((before) => ({ ...before, [field]: value }));
  const byState = engine.value?.capabilities.listOrder === 'state' && !link.has('state');
  return (
    <>
      <form
        class="filter"
        role="search"
        aria-label="Tasks"
        onSubmit={(event) => {
          event.preventDefault();
          void enter();
        }}
      >
        {WRITTEN.map(([field, hint]) => (
          <input
            key={field}
            name={field}
            type="search"
            value={draft[field]}
            placeholder={hint}
            aria-label={field}
            title={field === 'search' ? undefined : 'One, or several with commas in between'}
            list={isListed(field) ? `${field}-names` : undefined}
            autocomplete="off"
            onInput={(event) => write(field, event.currentTarget.value)}
            onBlur={() => {
              if (!isListed(field)) return;
              // A suggestion was taken.
              const before = valuesOf(link, field);
              const values = written(draft[field], before, known[field]);
              if (
                values.join() !== before.join() &&
                values.length > 0 &&
                values.every((one) => known[field].includes(one))
              )
                submit();
            }}
          />
        ))}
        <select
          aria-label="Enqueued"
          value={draft.time}
          onChange={(event) => {
            write('time', event.currentTarget.value);
            if (event.currentTarget.value !== BETWEEN) submit({ time: event.currentTarget.value });
          }}
        >
          <option value="">any time</option>
          {Object.entries(WITHIN).map(([value, { label }]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
          <option value={BETWEEN}>between …</option>
        </select>
        <span class="between" hidden={draft.time !== BETWEEN}>
          <input
            type="datetime-local"
            step="1"
            aria-label="Enqueued from"
            value={draft.from}
            onInput={(event) => write('from', event.currentTarget.value)}
          />
          {' to '}
          <input
            type="datetime-local"
            step="1"
            aria-label="Enqueued before"
            value={draft.to}
            onInput={(event) => write('to', event.currentTarget.value)}
          />
        </span>
        <select
          aria-label="Order"
          value={draft.order}
          title={byState ? 'This engine lists by state first, and by time within a state.' : undefined}
          onChange={(event) => submit({ order: event.currentTarget.value })}
        >
          <option value="">newest first</option>
          <option value="oldest">oldest first</option>
        </select>
        <button>Filter</button>
        <SavedFilters link={link} />
        {LISTED.map((field) => (
          <datalist key={field} id={`${field}-names`}>
            {known[field].map((value) => (
              <option key={value} value={`${beforeLast(draft[field])}${value}`} />
            ))}
          </datalist>
        ))}
      </form>
      <Chips link={link} />
    </>
  );
}

/** Names of queues and of tasks. */
type Known = Readonly<Record<(typeof LISTED)[number], readonly string[]>>;

/** Those of tasks; none where they cannot be read. */
function readNames(): Promise<readonly string[]> {
  return api.handlers().then(
    (handlers) => handlers.map(({ name }) => name),
    () => [],
  );
}

async function allKnown(reading: Promise<readonly string[]>): Promise<Known> {
  const [name, all] = await Promise.all([reading, queues.value ?? api.queues().catch(() => [])]);
  return { queue: all.map(({ queue }) => queue), name };
}

interface Draft {
  readonly queue: string;
  readonly name: string;
  readonly tag: string;
  readonly search: string;
  readonly time: string;
  readonly from: string;
  readonly to: string;
  readonly order: string;
}

function draftOf(link: URLSearchParams): Draft {
  const isBetween = link.has('from') || link.has('to');
  return {
    queue: valuesOf(link, 'queue').join(BETWEEN_VALUES),
    name: valuesOf(link, 'name').join(BETWEEN_VALUES),
    tag: valuesOf(link, 'tag').join(BETWEEN_VALUES),
    search: link.get('search') ?? '',
    time: isBetween ? BETWEEN : (link.get('within') ?? ''),
    from: localText(link.get('from')),
    to: localText(link.get('to')),
    order: link.get('order') ?? '',
  };
}

function open(target: URLSearchParams): void {
  go(`#/tasks?${target.toString()}`);
}

/** The names that a part of one stands for; itself where it is one, or of none that is known. */
function meant(part: string, known: readonly string[]): readonly string[] {
  if (known.includes(part) || part === '') return [part];
  const found = known.filter((name) => name.toLowerCase().includes(part.toLowerCase()));
  return found.length === 0 || found.length > MAX_MEANT ? [part] : found;
}

/** The values that a field's text stands for. A name may have a comma in it: one that is known is one, as are those of the link. */
function written(text: string, before: readonly string[], known: readonly string[]): readonly string[] {
  const whole = text.trim();
  if (whole === before.join(BETWEEN_VALUES)) return before;
  return known.includes(whole) ? [whole] : [...new Set(whole.split(',').map((part) => part.trim()))];
}

function isListed(field: string): field is (typeof LISTED)[number] {
  return LISTED.some((listed) => listed === field);
}

/** A tag's value may have a comma in it: what stands behind one is a tag of its own where it has a colon. */
function tagsWritten(text: string, before: readonly string[]): readonly string[] {
  if (text.trim() === before.join(BETWEEN_VALUES)) return before;
  return text.split(/,(?=[^,]*:)/).map((part) => part.trim());
}

/** What stands before the value that is being written, so that a suggestion goes on from there. */
function beforeLast(text: string): string {
  const end = text.lastIndexOf(',') + 1;
  return end === 0 ? '' : `${text.slice(0, end)} `;
}

function utcText(local: string): string {
  const time = Date.parse(local);
  return Number.isNaN(time) ? '' : String(time);
}
