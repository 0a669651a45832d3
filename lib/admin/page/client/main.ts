import './page.css';
import { h } from './dom.js';
import { updateMoments } from './format.js';
import { watchChanges, type Change } from './live.js';
import { LiveSwitch } from './live-switch.js';
import { listenToKeys } from './shortcuts.js';
import { themeChoice } from './theme.js';
import type { Page, View } from './view.js';
import { CronsView } from './views/crons-view.js';
import { QueuesView } from './views/queues-view.js';
import { TaskView } from './views/task-view.js';
import { TasksView } from './views/tasks-view.js';

const { readOnly, store } = document.documentElement.dataset;

const NAVIGATION = [
  ['#/', 'Queues'],
  ['#/tasks', 'Tasks'],
  ['#/tasks?state=running', 'Active'],
  ['#/tasks?state=completed', 'Completed'],
  ['#/tasks?state=failed', 'Failed'],
  ['#/crons', 'Crons'],
] as const;

/** How often times such as `5m ago` are written anew. */
const MOMENTS_INTERVAL_MS = 5_000;

const links = NAVIGATION.map(([href, label]) => h('a', { href }, label));
const message = h('p', { class: 'message', role: 'status', hidden: true });
const main = h('main');
let view: View | null = null;
/** To be said on the page that is gone to. */
let sayThere = '';

const page: Page = {
  readOnly: readOnly === 'true',
  act(work, done, next) {
    work().then(
      (result) => {
        const text = typeof done === 'string' ? done : done(result);
        if (next !== undefined) {
          sayThere = text;
          location.hash = next;
          return;
        }
        say(text, false);
        refresh(null);
      },
      (error: unknown) => {
        say(textOf(error), true);
        refresh(null);
      },
    );
  },
  go(hash) {
    location.hash = hash;
  },
};

function say(text: string, isError: boolean): void {
  message.textContent = text;
  message.classList.toggle('is-error', isError);
  message.hidden = text === '';
}

function refresh(change: Change | null): void {
  const shown = view;
  shown?.refresh(change).catch((error: unknown) => {
    if (shown === view) say(textOf(error), true);
  });
}

function route(): void {
  const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?', 2);
  view = viewOf(path, new URLSearchParams(query));
  for (const link of links) {
    const current = pageOf(link.getAttribute('href')!) === pageOf(location.hash);
    if (current) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  say(sayThere, false);
  sayThere = '';
  main.replaceChildren(view.element);
  refresh(null);
}

/** What of a link a person would call the page: other filters and windows are the same one. */
function pageOf(hash: string): string {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  return `${path} ${new URLSearchParams(query).get('state') ?? ''}`;
}

function viewOf(path: string, query: URLSearchParams): View {
  if (path === 'crons') return new CronsView(page);
  if (path === 'tasks') return new TasksView(page, query);
  if (path.startsWith('tasks/')) return new TaskView(page, decoded(path.slice('tasks/'.length)));
  return new QueuesView(page, query);
}

/** A link that was cut short while it was copied is still one to a task, which then is not there. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const live = new LiveSwitch(() => refresh(null));
const title = store === 'default' ? 'Tasks' : `Tasks: ${store}`;
document.title = title;
const showHelp = listenToKeys([
  { keys: 'g q', does: 'Queues', run: () => page.go('#/') },
  { keys: 'g t', does: 'Tasks', run: () => page.go('#/tasks') },
  { keys: 'g f', does: 'Failed tasks', run: () => page.go('#/tasks?state=failed') },
  { keys: 'g c', does: 'Crons', run: () => page.go('#/crons') },
  {
    keys: '/',
    does: 'Search in the list of tasks',
    run: () => main.querySelector<HTMLElement>('[name=search]')?.focus(),
  },
  { keys: 'p', does: 'Hold what is shown, or follow changes again', run: () => live.toggle() },
  { keys: 'r', does: 'Read anew', run: () => refresh(null) },
]);
const help = h('button', { type: 'button', 'aria-label': 'Keyboard help', onclick: showHelp }, '?');
document.body.replaceChildren(
  h(
    'header',
    {},
    h('strong', {}, title),
    h('nav', { 'aria-label': 'Pages' }, ...links),
    h('div', { class: 'actions tools' }, live.element, themeChoice(), help),
  ),
  message,
  main,
);
addEventListener('hashchange', route);
route();
setInterval(updateMoments, MOMENTS_INTERVAL_MS);
watchChanges(
  (change) => live.follow(() => refresh(change)),
  () => live.follow(() => refresh(null)),
);
