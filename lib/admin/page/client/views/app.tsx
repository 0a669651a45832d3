import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { api } from '../api.js';
import { toasts, unsay } from '../core/act.js';
import { engine, isReadOnly, storeName } from '../core/engine.js';
import { lifeOf } from '../core/group-life.js';
import { laterViews } from '../core/later.js';
import { hasNews, isLive, link, queues, readAll, toggleLive, tryNow } from '../core/live.js';
import { isPaletteOpen, openPalette } from '../core/palette-state.js';
import { go, place, scrollOnArrival } from '../core/place.js';
import { chooseRow, focusActions, listenToKeys, moveInRows, type Shortcut } from '../core/shortcuts.js';
import { theme, THEMES, type Theme } from '../core/theme.js';
import { useLive } from '../core/use-live.js';
import { clockTime, count, shortCount } from '../format.js';
import { NAVIGATION } from '../../navigation.js';
import { Router } from '../router.js';
import { valuesOf } from '../task-query.js';
import { Dialog, OpenQuestion } from '../ui/dialog.js';
import { Menu } from '../ui/menu.js';
import { present } from '../ui/time.js';
import { Later } from './later.js';
import { OverviewView } from './overview-view.js';

interface Shown {
  readonly title: string;
  readonly view: JSX.Element;
}

/** Enough of an id to tell it from others in the title of a tab: its end, as ids of one time begin alike. */
const ID_END = 6;

/** Length of `.123`: a banner needs none. */
const MILLISECONDS = 4;

const router = new Router<Shown>(
  {
    '/queues': (query) => ({
      title: 'Queues',
      view: <Later view={({ QueuesView }) => <QueuesView query={query} />} />,
    }),
    '/queues/:queue': (query, { queue }) => ({
      title: queue!,
      view: <Later view={({ QueueView }) => <QueueView key={queue} queue={queue!} query={query} />} />,
    }),
    '/names/:name': (query, { name }) => ({
      title: name!,
      view: <Later view={({ NameView }) => <NameView key={name} name={name!} query={query} />} />,
    }),
    '/tasks': (query) => ({
      title: `${valuesOf(query, 'state').join(', ') || 'All'} tasks${query.has('queue') ? ` of ${valuesOf(query, 'queue').join(', ')}` : ''}`,
      view: <Later view={({ TasksView }) => <TasksView query={query} />} />,
    }),
    '/tasks/:id': (_, { id }) => ({
      title: `…${id!.slice(-ID_END)}`,
      view: <Later view={({ TaskView }) => <TaskView key={id} id={id!} />} />,
    }),
    '/workflows': (query) => ({
      title: 'Workflows',
      view: <Later view={({ WorkflowsView }) => <WorkflowsView key={query.toString()} query={query} />} />,
    }),
    '/workflows/:id': (_, { id }) => ({
      title: `Workflow …${id!.slice(-ID_END)}`,
      view: <Later view={({ WorkflowView }) => <WorkflowView key={id} id={id!} />} />,
    }),
    '/errors': (query) => ({
      title: 'Errors',
      view: <Later view={({ ErrorsView }) => <ErrorsView query={query} />} />,
    }),
    '/crons': (query) => ({ title: 'Crons', view: <Later view={({ CronsView }) => <CronsView query={query} />} /> }),
    '/audit': () => ({ title: 'Audit', view: <Later view={({ AuditView }) => <AuditView />} /> }),
    '/enqueue': (query) => ({
      title: 'Enqueue',
      view: <Later view={({ EnqueueView }) => <EnqueueView query={query} />} />,
    }),
  },
  (query) => ({ title: 'Overview', view: <OverviewView query={query} /> }),
);

const title = storeName === 'default' ? 'Tasks' : `Tasks: ${storeName}`;

/** The frame of the page, and the view that the address leads to. */
export function App(): JSX.Element {
  const { path } = place.value;
  const shown = router.show(place.value);
  const main = useRef<HTMLElement>(null);
  const before = useRef<string | null>(null);
  const [isHelping, setHelping] = useState(false);
  const shortcuts = shortcutsOf(() => setHelping(true));
  useEffect(() => {
    document.title = `${shown.title} · ${title}`;
  }, [shown.title]);
  useLayoutEffect(() => {
    // Another page is read from its beginning, or from where it was left; the same one with other filters stays where it was.
    if (before.current !== null && before.current !== path) {
      scrollOnArrival();
      // The focused part is gone: the keyboard goes on where the new page is, and a screen reader reads it.
      if (document.activeElement === document.body) main.current?.focus({ preventScroll: true });
    }
    before.current = path;
  }, [path]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'k') return;
      event.preventDefault();
      openPalette();
    };
    document.addEventListener('keydown', onKey);
    const end = listenToKeys(shortcuts);
    return () => {
      document.removeEventListener('keydown', onKey);
      end();
    };
  }, []);
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <Header path={path} help={() => setHelping(true)} />
      <Banner />
      <main id="main" ref={main} tabIndex={-1}>
        {shown.view}
      </main>
      <Footer />
      <Toasts />
      <OpenQuestion />
      {laterViews.value && <laterViews.value.RunAgain />}
      {isPaletteOpen.value && <Later view={({ Palette }) => <Palette />} />}
      {isHelping && <Help shortcuts={shortcuts} close={() => setHelping(false)} />}
    </>
  );
}

function Header({ path, help }: { readonly path: string; readonly help: () => void }): JSX.Element {
  const first = `#/${path.split('/')[1] ?? ''}`;
  const current = first === '#/names' ? '#/tasks' : first;
  return (
    <header>
      <strong class="brand">
        <Stores /> {isReadOnly && <span class="badge">read-only</span>}
      </strong>
      <nav aria-label="Pages">
        {NAVIGATION.filter(isShown).map(([target, label]) => (
          <a key={target} href={target} aria-current={target === current ? 'page' : undefined}>
            {label}
            {target === '#/tasks' && <FailedBadge />}
            {target === '#/errors' && <NewBadge />}
          </a>
        ))}
      </nav>
      <div class="actions tools">
        <button type="button" class="go-to" onClick={openPalette} aria-keyshortcuts="Control+K">
          Go to … <kbd>Ctrl K</kbd>
        </button>
        {!isReadOnly && (
          <a class="button primary" href="#/enqueue">
            Enqueue
          </a>
        )}
        <LiveSwitch />
        <Menu label="More">
          <label data-stays>
            Colours{' '}
            <select
              aria-label="Colours"
              value={theme.value}
              onChange={(event) => (theme.value = event.currentTarget.value as Theme)}
            >
              {THEMES.map((one) => (
                <option key={one} value={one}>
                  {one}
                </option>
              ))}
            </select>
          </label>
          <button type="button" onClick={help}>
            Keyboard help
          </button>
        </Menu>
      </div>
    </header>
  );
}

/** An engine without workflows has no page for them. */
function isShown([target]: (typeof NAVIGATION)[number]): boolean {
  return target !== '#/workflows' || engine.value?.workflows !== false;
}

/** The name of the panel, and the way to those of the app's other stores. */
function Stores(): JSX.Element {
  const info = engine.value;
  if (!info || info.panels.length < 2) return <>{title}</>;
  const { pathname } = location;
  const root = pathname.replace(/\/$/, '').slice(0, -info.path.length);
  return (
    <select
      aria-label="Store"
      value={info.path}
      onChange={(event) => location.assign(`${root}${event.currentTarget.value}`)}
    >
      {info.panels.map(({ store, path }) => (
        <option key={path} value={path}>
          {store === 'default' ? 'Tasks' : `Tasks: ${store}`}
        </option>
      ))}
    </select>
  );
}

function FailedBadge(): JSX.Element | null {
  const failed = (queues.value ?? []).reduce((sum, { counts }) => sum + counts.failed, 0);
  return failed === 0 ? null : (
    <span class="badge failed" title={`${count(failed)} failed tasks are kept`}>
      {shortCount(failed)}
    </span>
  );
}

function NewBadge(): JSX.Element | null {
  const { data } = useLive('new errors', () => api.errors(new URLSearchParams()), { every: 30_000 });
  const fresh = (data?.items ?? []).filter((group) => lifeOf(group, Date.now()) === 'new').length;
  return fresh === 0 ? null : (
    <span class="badge failed" title="Groups of errors that failed first within the last day">
      {`${count(fresh)} new`}
    </span>
  );
}

function LiveSwitch(): JSX.Element {
  const isHeld = !isLive.value;
  const text = isHeld
    ? hasNews.value
      ? 'Held: news'
      : 'Held'
    : link.value === 'lost'
      ? 'Offline'
      : link.value === 'polling'
        ? 'Polling'
        : 'Live';
  return (
    <button
      type="button"
      class={`live ${link.value}`}
      aria-pressed={isLive.value}
      title="Hold what is shown, or follow changes (p)"
      onClick={toggleLive}
    >
      {text}
    </button>
  );
}

function Banner(): JSX.Element | null {
  if (link.value !== 'lost' && link.value !== 'polling') return null;
  return (
    <div class="banner" role="status">
      <span>
        {link.value === 'polling'
          ? 'The app tells of no changes as they come: they are read from time to time.'
          : `Connection lost. What is shown is of ${clockTime(present.peek()).slice(0, -MILLISECONDS)}; the page tries again by itself.`}
      </span>
      <button type="button" onClick={tryNow}>
        Try now
      </button>
    </div>
  );
}

function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status">
      {toasts.value.map(({ id, text, isError, undo }) => (
        <p key={id} class={`message ${isError ? 'is-error' : ''}`}>
          {text}{' '}
          {undo && (
            <button
              type="button"
              onClick={() => {
                unsay(id);
                undo();
              }}
            >
              Undo
            </button>
          )}{' '}
          <button type="button" class="quiet" aria-label="Close" onClick={() => unsay(id)}>
            ×
          </button>
        </p>
      ))}
    </div>
  );
}

function Footer(): JSX.Element {
  const info = engine.value;
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  return <footer>{info && `nestjs-tasks ${info.version} on ${info.kind} · times in ${timeZone}`}</footer>;
}

function shortcutsOf(help: () => void): readonly Shortcut[] {
  return [
    { keys: 'g o', does: 'Overview', run: () => go('#/') },
    { keys: 'g q', does: 'Queues', run: () => go('#/queues') },
    { keys: 'g t', does: 'Tasks', run: () => go('#/tasks') },
    { keys: 'g f', does: 'Failed tasks', run: () => go('#/tasks?state=failed') },
    { keys: 'g w', does: 'Workflows', run: () => go('#/workflows') },
    { keys: 'g e', does: 'Errors', run: () => go('#/errors') },
    { keys: 'g c', does: 'Crons', run: () => go('#/crons') },
    { keys: 'g a', does: 'Audit', run: () => go('#/audit') },
    ...(isReadOnly ? [] : [{ keys: 'n', does: 'Enqueue a task', run: () => go('#/enqueue') }]),
    { keys: '/', does: 'Search on this page, or anywhere', run: () => focusSearch() },
    { keys: 'j', does: 'Next row', run: () => moveInRows(1) },
    { keys: 'k', does: 'Row before', run: () => moveInRows(-1) },
    { keys: 'x', does: 'Choose the row, or leave it', run: () => chooseRow(false) },
    { keys: 'X', does: 'Choose up to the row', run: () => chooseRow(true) },
    { keys: 'b', does: 'To what can be done to the chosen rows', run: focusActions },
    { keys: 'p', does: 'Hold what is shown, or follow changes again', run: toggleLive },
    { keys: 'r', does: 'Read again', run: readAll },
    { keys: '?', does: 'This help', run: help },
  ];
}

function focusSearch(): void {
  const field = ['main [name=search]', 'main input[type=search]']
    .map((selector) => document.querySelector<HTMLElement>(selector))
    .find((found) => found !== null);
  if (field) field.focus();
  else openPalette();
}

function Help({
  shortcuts,
  close,
}: {
  readonly shortcuts: readonly Shortcut[];
  readonly close: () => void;
}): JSX.Element {
  return (
    <Dialog title="Keyboard" onClose={close}>
      <dl>
        <dt>
          <kbd>Ctrl K</kbd>
        </dt>
        <dd>Go to a task by its id, a queue, a page …</dd>
        {shortcuts.map(({ keys, does }) => [
          <dt key={keys}>
            {keys.split(' ').map((key) => (
              <kbd key={key}>{key}</kbd>
            ))}
          </dt>,
          <dd key={`${keys} does`}>{does}</dd>,
        ])}
      </dl>
      <button type="button" autofocus onClick={close}>
        Close
      </button>
    </Dialog>
  );
}
