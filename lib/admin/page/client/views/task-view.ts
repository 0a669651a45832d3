import type { Task, TaskAttempt, TaskError } from '../../../../engine/index.js';
import { api } from '../api.js';
import { cell, h, notice, table } from '../dom.js';
import { duration, exact, moment } from '../format.js';
import type { Page, View } from '../view.js';
import { actionButtons } from './actions.js';
import { badge } from './badge.js';
import { jsonTree } from './json-tree.js';
import { runAgain } from './run-again.js';
import { stackBlock } from './stack.js';
import { timeline } from './timeline.js';

/** One task with everything that is known of it. */
export class TaskView implements View {
  readonly element = h('section', {}, h('h1', {}, 'Task'), notice('Reading …'));
  private shown = '';

  constructor(
    private readonly page: Page,
    private readonly id: string,
  ) {}

  async refresh(): Promise<void> {
    const task = await api.task(this.id);
    const text = JSON.stringify(task);
    // What is open or selected stays where nothing is new.
    if (text === this.shown) return;
    this.shown = text;
    this.show(task);
  }

  private show(task: Task): void {
    const buttons = actionButtons(task, this.page, '#/tasks');
    if (!this.page.readOnly && !task.paramsUnreadable) {
      const again = (): void => runAgain(task, this.page);
      buttons.push(h('button', { type: 'button', onclick: again }, 'Run again with …'));
    }
    this.element.replaceChildren(
      h('h1', {}, task.name, ' ', badge(task.state)),
      h('div', { class: 'actions' }, ...buttons),
      facts(task),
      ...(task.error ? [h('h2', {}, 'Error'), errorBlock(task.error)] : []),
      h('h2', {}, 'Timeline'),
      timeline(task),
      h('h2', {}, 'Params'),
      params(task),
      h('h2', {}, 'Attempts'),
      attempts(task.attempts),
      h('h2', {}, 'Logs'),
      logs(task),
    );
  }
}

function facts(task: Task): HTMLElement {
  const { progress } = task;
  const entries: Array<[string, string | HTMLElement]> = [
    ['Id', h('code', {}, task.id)],
    ['Queue', task.queue],
    ['Priority', String(task.priority)],
    ['Attempt', task.maxAttempts === null ? String(task.attempt) : `${task.attempt} of ${task.maxAttempts}`],
    ['Enqueued', exact(task.createdAt)],
    ['Runs at', exact(task.runAt)],
    ['Started', exact(task.startedAt)],
    ['Ended', exact(task.finishedAt)],
  ];
  if (progress) {
    const text = `${Math.round(progress.percent)} %${progress.message ? ` ${progress.message}` : ''}`;
    const bar = h('progress', { max: '100', 'aria-label': 'Progress', value: String(progress.percent) });
    entries.push(['Progress', h('span', {}, bar, ' ', text)]);
  }
  return h('dl', {}, ...entries.flatMap(([term, value]) => [h('dt', {}, term), h('dd', {}, value)]));
}

function errorBlock({ name, message, stack }: TaskError): HTMLElement {
  return h(
    'div',
    { class: 'error' },
    h('p', {}, h('strong', {}, name), `: ${message}`),
    stack !== undefined && stackBlock(stack),
  );
}

function params(task: Task): HTMLElement {
  if (task.paramsUnreadable) return notice('The stored text is no JSON.');
  const said = h('span', { role: 'status' });
  const copy = (): void => {
    // Absent where the page came by plain HTTP from another machine.
    const { clipboard } = navigator as { clipboard?: Clipboard };
    const written = clipboard?.writeText(JSON.stringify(task.params, null, 2)) ?? Promise.reject(new Error());
    written.then(
      () => (said.textContent = 'Copied'),
      () => (said.textContent = 'The browser does not let this page copy.'),
    );
  };
  const button = h('button', { type: 'button', onclick: copy }, 'Copy as JSON');
  return h('div', {}, h('div', { class: 'json' }, jsonTree(task.params)), button, ' ', said);
}

function attempts(all: readonly TaskAttempt[]): HTMLElement {
  if (all.length === 0) return notice('None yet.');
  const rows = all.map(({ attempt, outcome, startedAt, finishedAt, worker, error }) =>
    h(
      'tr',
      {},
      cell('Attempt', String(attempt)),
      cell(
        'Outcome',
        outcome ?? 'running',
        error &&
          h(
            'details',
            {},
            h('summary', { class: 'error-line' }, `${error.name}: ${error.message}`),
            error.stack === undefined ? error.message : stackBlock(error.stack),
          ),
      ),
      cell('Started', moment(startedAt)),
      cell('Took', finishedAt === null ? '–' : duration(finishedAt - startedAt)),
      cell('Worker', h('code', {}, worker)),
    ),
  );
  return table(['Attempt', 'Outcome', 'Started', 'Took', 'Worker'], h('tbody', {}, ...rows));
}

function logs(task: Task): HTMLElement {
  if (task.logs.length === 0) return notice('None.');
  const lines = task.logs.map(({ at, attempt, message }) => `${new Date(at).toISOString()}  #${attempt}  ${message}`);
  return h('pre', {}, lines.join('\n'));
}
