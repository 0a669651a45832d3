import './page.css';
import { api, ApiError } from './api.js';
import type { EngineInfo } from './api-types.js';
import { LiveSwitch } from './components/live-switch.js';
import { themeChoice } from './components/theme-choice.js';
import { Connection } from './connection.js';
import { h } from './dom.js';
import { updateMoments } from './format.js';
import { Refresher } from './refresher.js';
import { placeOf, Router } from './router.js';
import { listenToKeys } from './shortcuts.js';
import type { Page, View } from './view.js';
import { AuditView } from './views/audit-view.js';
import { CronsView } from './views/crons-view.js';
import { EnqueueView } from './views/enqueue-view.js';
import { ErrorsView } from './views/errors-view.js';
import { OverviewView } from './views/overview-view.js';
import { TaskView } from './views/task-view.js';
import { TasksView } from './views/tasks-view.js';

const { readOnly, store } = document.documentElement.dataset;

const NAVIGATION = [
  ['#/', 'Overview'],
  ['#/tasks', 'Tasks'],
  ['#/errors', 'Errors'],
  ['#/crons', 'Crons'],
  ['#/audit', 'Audit'],
] as const;

/** How often times such as `5m ago` are written anew. */
const MOMENTS_INTERVAL_MS = 1_000;

const links = NAVIGATION.map(([href, label]) => h('a', { href }, label));
const message = h('p', { class: 'message', role: 'status', hidden: true });
const main = h('main', { id: 'main', tabindex: '-1' });
let view: View | null = null;
let refresher: Refresher | null = null;
/** To be said on the page that is gone to. */
let sayThere = '';
/** What is said is that the view could not be read: it is taken back once it can. */
let isReadProblem = false;
let engine: Promise<EngineInfo> | null = null;
let shownPath: string | null = null;
let foreign: ReadonlySet<string> = new Set();

const page: Page = {
  readOnly: readOnly === 'true',
  engine() {
    engine ??= api.engine().catch((error: unknown) => {
      engine = null;
      throw error;
    });
    return engine;
  },
  async queues(change) {
    const queues = change?.queues ?? (await api.queues());
    foreign = new Set(queues.filter((queue) => queue.foreign).map(({ queue }) => queue));
    return queues;
  },
  isForeign: (queue) => foreign.has(queue),
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
        void refresher?.now();
      },
      (error: unknown) => {
        say(textOf(error), true);
        void refresher?.now();
      },
    );
  },
  go(hash) {
    location.hash = hash;
  },
};

function say(text: string, isError: boolean): void {
  isReadProblem = false;
  message.textContent = text;
  message.classList.toggle('is-error', isError);
  message.hidden = text === '';
}

function sayReadProblem(error: unknown): void {
  if (error === null) {
    if (isReadProblem) say('', false);
    return;
  }
  // The banner says that there is no connection.
  if (error instanceof ApiError && error.status === 0) return;
  say(textOf(error), true);
  isReadProblem = true;
}

const router = new Router<View>(
  {
    '/tasks': (query) => new TasksView(page, query),
    '/tasks/:id': (_, { id }) => new TaskView(page, id!),
    '/errors': (query) => new ErrorsView(page, query),
    '/crons': () => new CronsView(page),
    '/audit': () => new AuditView(page),
    '/enqueue': (query) => new EnqueueView(page, query),
  },
  (query) => new OverviewView(page, query),
);

function route(): void {
  const place = placeOf(location.hash);
  const { path } = place;
  refresher?.stop();
  view = router.show(place);
  refresher = new Refresher(view, sayReadProblem);
  const first = path.split('/')[1];
  for (const link of links) {
    if (link.getAttribute('href') === `#/${first}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  document.title = `${view.title} · ${title}`;
  say(sayThere, false);
  sayThere = '';
  main.replaceChildren(view.element);
  // Another page is read from its beginning; the same one with other filters stays where it was.
  if (path !== shownPath) scrollTo(0, 0);
  // What had the focus is gone: the keyboard goes on where the new page is, and a screen reader reads it.
  if (shownPath !== null && document.activeElement === document.body) main.focus({ preventScroll: true });
  shownPath = path;
  void refresher.now();
}

/** From the row that has the focus to one before or after it; to the first where none has it. */
function moveInRows(by: number): void {
  const rows = [...main.querySelectorAll<HTMLElement>('tbody tr')].filter((row) => row.querySelector('a.name'));
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[at === -1 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by))];
  next?.querySelector<HTMLElement>('a.name')?.focus();
}

function chooseRow(): void {
  document.activeElement?.closest('tr')?.querySelector<HTMLElement>('input[type=checkbox]')?.click();
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const live = new LiveSwitch(() => void refresher?.now());
const connection = new Connection({
  onChange: (change) => live.follow(() => refresher?.soon(change)),
  onReturn: () => live.follow(() => void refresher?.now()),
  poll: async () => {
    // What is held stays as it is; another request tells as well whether the app answers.
    const error = live.isLive ? await refresher?.now() : await api.engine().catch((problem: unknown) => problem);
    return !(error instanceof ApiError && error.status === 0);
  },
});
const title = store === 'default' ? 'Tasks' : `Tasks: ${store}`;
const showHelp = listenToKeys([
  { keys: 'g o', does: 'Overview', run: () => page.go('#/') },
  { keys: 'g t', does: 'Tasks', run: () => page.go('#/tasks') },
  { keys: 'g f', does: 'Failed tasks', run: () => page.go('#/tasks?state=failed') },
  { keys: 'g e', does: 'Errors', run: () => page.go('#/errors') },
  { keys: 'g c', does: 'Crons', run: () => page.go('#/crons') },
  { keys: 'g a', does: 'Audit', run: () => page.go('#/audit') },
  ...(page.readOnly ? [] : [{ keys: 'n', does: 'Enqueue a task', run: () => page.go('#/enqueue') }]),
  {
    keys: '/',
    does: 'Search in the list of tasks',
    run: () => main.querySelector<HTMLElement>('[name=search]')?.focus(),
  },
  { keys: 'j', does: 'Next row', run: () => moveInRows(1) },
  { keys: 'k', does: 'Row before', run: () => moveInRows(-1) },
  { keys: 'x', does: 'Choose the row, or leave it', run: () => chooseRow() },
  { keys: 'p', does: 'Hold what is shown, or follow changes again', run: () => live.toggle() },
  { keys: 'r', does: 'Read anew', run: () => void refresher?.now() },
]);
const help = h('button', { type: 'button', 'aria-label': 'Keyboard help', onclick: showHelp }, '?');
const skip = h('button', { type: 'button', class: 'skip', onclick: () => main.focus() }, 'Skip to content');
const badge = page.readOnly ? h('span', { class: 'badge' }, 'read-only') : null;
const enqueue = page.readOnly ? null : h('a', { class: 'button primary', href: '#/enqueue' }, 'Enqueue');
const engineName = h('span', {});
document.body.replaceChildren(
  skip,
  h(
    'header',
    {},
    h('strong', { class: 'brand' }, title, ' ', badge),
    h('nav', { 'aria-label': 'Pages' }, ...links),
    h('div', { class: 'actions tools' }, enqueue, live.element, themeChoice(), help),
  ),
  connection.banner,
  message,
  main,
  h('footer', {}, engineName),
);
addEventListener('hashchange', route);
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) refresher?.wake();
});
route();
setInterval(updateMoments, MOMENTS_INTERVAL_MS);
connection.connect();
page.engine().then(
  ({ kind, version }) => (engineName.textContent = `nestjs-tasks ${version} on ${kind}`),
  // Without it, nothing but the line is missing.
  () => undefined,
);
