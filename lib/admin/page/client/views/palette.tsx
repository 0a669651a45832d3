import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { api } from '../api.js';
import { isReadOnly } from '../core/engine.js';
import { queues } from '../core/live.js';
import { closePalette as close, isPaletteOpen, writtenAhead } from '../core/palette-state.js';
import { go, href, nameHref, queueHref, taskHref } from '../core/place.js';
import { Dialog } from '../ui/dialog.js';

const MAX_FOUND = 12;
const TASK_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface Target {
  readonly label: string;
  readonly kind: string;
  readonly href: string;
}

const PAGES: readonly Target[] = [
  ['Overview', '/'],
  ['Queues', '/queues'],
  ['Tasks', '/tasks'],
  ['Failed tasks', '/tasks?state=failed'],
  ['Running tasks', '/tasks?state=running'],
  ['Workflows', '/workflows'],
  ['Errors', '/errors'],
  ['Crons', '/crons'],
  ['Audit', '/audit'],
  ...(isReadOnly ? [] : [['Enqueue a task', '/enqueue']]),
].map(([label, path]) => ({ label: label!, kind: 'page', href: `#${path!}` }));

/** Goes to a task by its id, to a queue, a name of tasks, a schedule or a page. */
export function Palette(): JSX.Element {
  const [ahead] = useState(writtenAhead);
  const [text, setText] = useState(ahead.text);
  const [at, setAt] = useState(0);
  const [reading] = useState(readTargets);
  const [known, setKnown] = useState<readonly Target[] | null>(null);
  const found = targetsOf(text.trim(), known ?? []);
  const chosen = Math.min(at, found.length - 1);
  const take = (target: Target | undefined): void => {
    if (!target) return;
    close();
    go(target.href);
  };
  /** Who is quicker than the app means what is not listed yet. */
  const enter = async (): Promise<void> => {
    const listed = known === null && chosen === 0 ? targetsOf(text.trim(), await reading) : found;
    if (isPaletteOpen.value) take(listed[chosen]);
  };
  useEffect(() => {
    void reading.then(setKnown);
    if (ahead.isEntered) void enter();
  }, []);
  const onKey = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    setAt(Math.max(0, Math.min(found.length - 1, chosen + step)));
  };
  return (
    <Dialog title="Go to" class="palette" onClose={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void enter();
        }}
      >
        <input
          autofocus
          type="text"
          role="combobox"
          aria-label="Go to"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant={found.length > 0 ? `palette-${chosen}` : undefined}
          placeholder="Id of a task, queue, task, cron, page …"
          autocomplete="off"
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={onKey}
        />
      </form>
      <ul id="palette-list" role="listbox" aria-label="Places">
        {found.map((target, index) => (
          <li
            key={`${target.kind} ${target.label}`}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === chosen}
            onClick={() => take(target)}
          >
            {target.label} <span class="aside">{target.kind}</span>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

/** What has a name. What cannot be read is left out. */
async function readTargets(): Promise<readonly Target[]> {
  const known = queues.value ? Promise.resolve(queues.value) : api.queues();
  const [all, handlers, crons] = await Promise.allSettled([known, api.handlers(), api.crons()]);
  return [
    ...read(all).map(({ queue }) => ({ label: queue, kind: 'queue', href: queueHref(queue) })),
    ...read(handlers).map(({ name }) => ({ label: name, kind: 'task', href: nameHref(name) })),
    ...read(crons).map(({ name }) => ({ label: name, kind: 'cron', href: '#/crons' })),
  ];
}

function read<T>(answer: PromiseSettledResult<readonly T[]>): readonly T[] {
  return answer.status === 'fulfilled' ? answer.value : [];
}

function targetsOf(text: string, known: readonly Target[]): Target[] {
  if (TASK_ID.test(text)) return [{ label: text, kind: 'task by id', href: taskHref(text.toLowerCase()) }];
  const wanted = text.toLowerCase();
  const rank = ({ label }: Target): number => {
    const place = label.toLowerCase().indexOf(wanted);
    return place === -1 ? Infinity : place;
  };
  const found = [...PAGES, ...known]
    .filter((target) => rank(target) !== Infinity)
    .toSorted((one, other) => rank(one) - rank(other));
  const search =
    text === ''
      ? []
      : [
          { label: `Search tasks for “${text}”`, kind: 'search', href: href('/tasks', { search: text }) },
          { label: text, kind: 'task by id', href: taskHref(text) },
        ];
  return [...found.slice(0, MAX_FOUND), ...search];
}
