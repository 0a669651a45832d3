import './page.css';
import { h } from './dom.js';
import { updateMoments } from './format.js';
import { watchChanges, type Change } from './live.js';
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
    const current = link.getAttribute('href') === (location.hash || '#/');
    if (current) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  say(sayThere, false);
  sayThere = '';
  main.replaceChildren(view.element);
  refresh(null);
}

function viewOf(path: string, query: URLSearchParams): View {
  if (path === 'crons') return new CronsView(page);
  if (path === 'tasks') return new TasksView(page, query);
  if (path.startsWith('tasks/')) return new TaskView(page, decoded(path.slice('tasks/'.length)));
  return new QueuesView(page);
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

const title = store === 'default' ? 'Tasks' : `Tasks: ${store}`;
document.title = title;
document.body.replaceChildren(
  h('header', {}, h('strong', {}, title), h('nav', { 'aria-label': 'Pages' }, ...links)),
  message,
  main,
);
addEventListener('hashchange', route);
route();
setInterval(updateMoments, MOMENTS_INTERVAL_MS);
watchChanges(refresh, () => refresh(null));
