import type { Task, TaskAttempt, TaskError } from '../../../../engine/index.js';
import { api } from '../api.js';
import { actionButtons } from '../components/action-buttons.js';
import { badge } from '../components/badge.js';
import { LogPanel } from '../components/log-panel.js';
import { paramsBlock } from '../components/params-block.js';
import { runAgain } from '../components/run-again.js';
import { stackBlock } from '../components/stack.js';
import { Table } from '../components/table.js';
import { timeline } from '../components/timeline.js';
import type { Change } from '../connection.js';
import { button, h, notice, taskHref, type Child } from '../dom.js';
import { duration, exact, lasting, moment } from '../format.js';
import type { Page, View } from '../view.js';

const LONGEST_SHOWN_WORKER = 16;

/** A part of the page that is made anew only when what it shows has changed: what is open or selected stays. */
interface Part {
  readonly element: HTMLElement;
  readonly of: (task: Task) => unknown;
  readonly fill: (task: Task) => readonly Child[];
  shown: string;
}

/** One task with everything that is known of it. */
export class TaskView implements View {
  readonly title = 'Task';
  private readonly attempts = new Table<TaskAttempt>(
    'Attempts',
    [
      { label: 'Attempt', isNumber: true },
      { label: 'Outcome', isWide: true },
      { label: 'Started' },
      { label: 'Took', isNumber: true },
      { label: 'Worker' },
    ],
    ({ attempt, startedAt }) => `${attempt} ${startedAt}`,
    attemptCells,
  );
  private readonly logs = new LogPanel();
  private readonly parts: readonly Part[];
  private readonly body = h('div', { hidden: true });
  private readonly reading = notice('Reading …');
  readonly element: HTMLElement;

  constructor(
    private readonly page: Page,
    private readonly id: string,
  ) {
    const panel = (title: string, kind = ''): HTMLElement =>
      h('section', { class: `panel ${kind}`, 'aria-label': title });
    const part = (element: HTMLElement, of: Part['of'], fill: Part['fill']): Part => ({ element, of, fill, shown: '' });
    const titled =
      (title: string, content: (task: Task) => Child) =>
      (task: Task): readonly Child[] => [h('h2', {}, title), content(task)];
    const head = part(h('div'), headOf, (task) => this.head(task));
    const progress = part(h('div'), ({ progress: at, state }) => ({ at, state }), progressOf);
    const error = part(
      panel('Error'),
      ({ error: last }) => last,
      (task) => (task.error ? errorOf(task.error) : []),
    );
    const family = part(panel('Related tasks'), ({ parentId, children }) => ({ parentId, children }), familyOf);
    const side = [
      part(panel('Facts'), headOf, titled('Facts', facts)),
      part(panel('Timeline'), ({ logs: _, params: __, ...rest }) => rest, titled('Timeline', timeline)),
      family,
    ];
    const center = [
      error,
      part(panel('Params'), ({ params: value }) => value, titled('Params', paramsBlock)),
      part(
        panel('Attempts', 'wide'),
        ({ attempts }) => attempts,
        titled('Attempts', (task) => this.attemptList(task)),
      ),
      part(
        panel('Logs'),
        ({ logs }) => logs,
        (task) => this.logs.partsOf(task),
      ),
    ];
    this.parts = [head, progress, ...center, ...side];
    this.body.append(
      head.element,
      progress.element,
      h(
        'div',
        { class: 'halves' },
        h('div', {}, ...center.map(({ element }) => element)),
        h('div', {}, ...side.map(({ element }) => element)),
      ),
    );
    this.element = h('section', {}, this.reading, this.body);
  }

  async refresh(change: Change | null): Promise<void> {
    const [task] = await Promise.all([api.task(this.id), this.page.queues(change)]);
    for (const part of this.parts) {
      const text = JSON.stringify(part.of(task)) ?? '';
      if (text === part.shown && part.element.hasChildNodes()) continue;
      part.shown = text;
      const children = part.fill(task).filter((child): child is Node | string => child != null && child !== false);
      const { childNodes } = part.element;
      const isSame = children.length === childNodes.length && children.every((child, at) => child === childNodes[at]);
      // What is taken out and put back forgets how far it was scrolled.
      if (!isSame) part.element.replaceChildren(...children);
      part.element.hidden = children.length === 0;
    }
    this.reading.remove();
    this.body.hidden = false;
  }

  private head(task: Task): readonly Child[] {
    const buttons = actionButtons(task, this.page, '#/tasks');
    const isOurs = !this.page.readOnly && !this.page.isForeign(task.queue);
    if (isOurs && !task.paramsUnreadable) {
      // Read when it is asked for: what is shown of the params is all that matters then.
      buttons.push(button('Run again with …', () => runAgain(task, this.page)));
    }
    return [
      h(
        'div',
        { class: 'page-head' },
        h('h1', {}, task.name, ' ', badge(task.state)),
        h('div', { class: 'actions' }, ...buttons),
      ),
    ];
  }

  private attemptList(task: Task): Child {
    if (task.attempts.length === 0) return notice('None yet.');
    this.attempts.show(task.attempts.toReversed());
    return this.attempts.element;
  }
}

function headOf({ attempts: _, logs: __, progress: ___, children: ____, ...head }: Task): unknown {
  return head;
}

function facts(task: Task): HTMLElement {
  const entries: Array<[string, string | HTMLElement]> = [
    ['Id', h('code', {}, task.id)],
    ['Queue', h('a', { href: `#/tasks?${new URLSearchParams({ queue: task.queue }).toString()}` }, task.queue)],
    ['Priority', String(task.priority)],
    ['Attempt', task.maxAttempts === null ? String(task.attempt) : `${task.attempt} of ${task.maxAttempts}`],
    ['Enqueued', exact(task.createdAt)],
    ['Runs at', exact(task.runAt)],
    ['Started', exact(task.startedAt)],
    ['Ended', exact(task.finishedAt)],
  ];
  return h('dl', { class: 'facts' }, ...entries.flatMap(([term, value]) => [h('dt', {}, term), h('dd', {}, value)]));
}

function progressOf({ progress, state }: Task): readonly Child[] {
  if (!progress) return [];
  const text = `${Math.round(progress.percent)} %${progress.message ? ` ${progress.message}` : ''}`;
  const bar = h('progress', { max: '100', 'aria-label': 'Progress', value: String(progress.percent) });
  return [h('div', { class: `progress ${state}` }, bar, h('span', { role: 'status' }, text))];
}

function errorOf({ name, message, stack }: TaskError): readonly Child[] {
  return [
    h('h2', {}, 'Error'),
    h('p', { class: 'error' }, h('strong', {}, name), `: ${message}`),
    stack !== undefined && stackBlock(stack),
  ];
}

function familyOf({ parentId, children }: Task): readonly Child[] {
  if (!parentId && children.length === 0) return [];
  const lines = children.map(({ id, name, queue, state }) =>
    h('li', {}, h('a', { href: taskHref(id), title: queue }, name), ' ', badge(state)),
  );
  return [
    h('h2', {}, 'Related tasks'),
    parentId && h('p', {}, 'Enqueued by ', h('a', { href: taskHref(parentId) }, h('code', {}, parentId))),
    lines.length > 0 && h('p', {}, 'Enqueued these:'),
    lines.length > 0 && h('ul', { class: 'plain' }, ...lines),
  ];
}

function attemptCells({ attempt, outcome, startedAt, finishedAt, worker, error }: TaskAttempt): Array<Child | Child[]> {
  return [
    String(attempt),
    [
      h('span', { class: `outcome ${outcome ?? 'running'}` }, outcome ?? 'running'),
      error &&
        h(
          'details',
          {},
          h('summary', { class: 'error-line' }, `${error.name}: ${error.message}`),
          error.stack === undefined ? error.message : stackBlock(error.stack),
        ),
    ],
    moment(startedAt),
    finishedAt === null ? lasting(startedAt) : duration(finishedAt - startedAt),
    h(
      'code',
      { class: 'worker', title: worker },
      worker.length > LONGEST_SHOWN_WORKER ? `…${worker.slice(-12)}` : worker,
    ),
  ];
}
