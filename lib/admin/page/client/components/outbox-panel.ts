import { api } from '../api.js';
import { h } from '../dom.js';
import { count, moment } from '../format.js';
import { Table } from './table.js';

interface Waiting {
  readonly queue: string;
  readonly waiting: number;
  readonly oldestAt: number | null;
}

/** What stands in the app's database and is not yet in the queues' server; there is none without an outbox. */
export class OutboxPanel {
  private readonly table = new Table<Waiting>(
    'Outbox',
    [{ label: 'Queue' }, { label: 'Waiting', isNumber: true }, { label: 'Oldest', isNumber: true }],
    ({ queue }) => queue,
    ({ queue, waiting, oldestAt }) => [h('span', { class: 'name' }, queue), count(waiting), moment(oldestAt)],
  );
  private readonly list = h('div');
  readonly element = h(
    'section',
    { class: 'panel', hidden: true, 'aria-label': 'Outbox' },
    h('h2', {}, 'Outbox'),
    this.list,
  );
  private isAbsent = false;

  async refresh(): Promise<void> {
    if (this.isAbsent) return;
    const { enabled, queues } = await api.outbox();
    this.isAbsent = !enabled;
    this.element.hidden = !enabled;
    this.table.showIn(this.list, queues, 'Nothing waits to be handed over.');
  }
}
