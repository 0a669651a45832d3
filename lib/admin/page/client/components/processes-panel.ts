import { api } from '../api.js';
import type { RunningTask, WorkerStatus } from '../api-types.js';
import { h, taskHref, type Child } from '../dom.js';
import { count, lasting, moment } from '../format.js';
import { mark } from './badge.js';
import { Table } from './table.js';

/** Running tasks that are named of one process; the others are counted. */
const MAX_NAMED = 5;

/** The processes that are alive, and what each is running. */
export class ProcessesPanel {
  private readonly table = new Table<WorkerStatus>(
    'Processes',
    [
      { label: 'Process' },
      { label: 'Started' },
      { label: 'Queues (workers)' },
      { label: 'Busy', isNumber: true },
      { label: 'Running' },
    ],
    ({ id }) => id,
    cells,
  );
  private readonly list = h('div');
  readonly element = h('section', { class: 'panel wide' }, h('h2', {}, 'Processes'), this.list);

  async refresh(): Promise<void> {
    const workers = await api.workers();
    this.table.showIn(this.list, workers, 'No process is alive that works on tasks.');
  }
}

function cells({ id, host, pid, startedAt, queues, running, self }: WorkerStatus): Array<Child | Child[]> {
  const total = Object.values(queues).reduce((sum, number) => sum + number, 0);
  const named = Object.entries(queues).map(([queue, number]) => `${queue} ${count(number)}`);
  return [
    [h('span', { class: 'name', title: id }, `${host} · ${pid}`), ' ', self && mark('this one')],
    moment(startedAt),
    named.join(', '),
    `${count(running.length)} of ${count(total)}`,
    running.length === 0
      ? h('span', { class: 'zero' }, 'nothing')
      : h('ul', { class: 'plain' }, ...running.slice(0, MAX_NAMED).map(runningLine), more(running.length - MAX_NAMED)),
  ];
}

function runningLine({ id, name, queue, startedAt }: RunningTask): HTMLElement {
  return h('li', {}, h('a', { href: taskHref(id), title: queue }, name), ' for ', lasting(startedAt));
}

function more(number: number): Child {
  return number > 0 && h('li', { class: 'zero' }, `and ${count(number)} more`);
}
