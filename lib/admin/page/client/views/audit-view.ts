import { api } from '../api.js';
import type { AuditEntry } from '../api-types.js';
import { Table } from '../components/table.js';
import { button, h, notice, taskHref, type Child } from '../dom.js';
import { count, moment } from '../format.js';
import type { Page, View } from '../view.js';

/** As the API has them, and as people say it. */
const ACTIONS: Readonly<Record<string, string>> = {
  retry: 'Retry',
  cancel: 'Cancel',
  'run-now': 'Run now',
  delete: 'Delete',
  enqueue: 'Enqueue',
  'pause-queue': 'Pause queue',
  'resume-queue': 'Resume queue',
  'trigger-cron': 'Run cron now',
  'pause-cron': 'Pause cron',
  'resume-cron': 'Resume cron',
};
const TASK_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Who did what by hand, newest first. */
export class AuditView implements View {
  readonly title = 'Audit';
  private readonly table = new Table<AuditEntry>(
    'Actions by hand',
    [{ label: 'When' }, { label: 'Who' }, { label: 'Action' }, { label: 'On' }, { label: 'Changed', isNumber: true }],
    (entry) => JSON.stringify(entry),
    cells,
  );
  private readonly list = h('div', { class: 'panel scroll' }, notice('Reading …'));
  private readonly more = button('Show older', () => this.readMore());
  private older: readonly AuditEntry[] = [];
  private first: readonly AuditEntry[] = [];
  private cursor: string | null = null;
  readonly element = h('section', {}, h('h1', {}, 'Audit'), this.list, this.more);

  constructor(private readonly page: Page) {
    this.more.hidden = true;
  }

  async refresh(): Promise<void> {
    const { items, nextCursor } = await api.audit(new URLSearchParams());
    this.first = items;
    if (this.older.length === 0) this.cursor = nextCursor;
    this.show();
  }

  private readMore(): void {
    this.page.act(async () => {
      const { items, nextCursor } = await api.audit(new URLSearchParams({ cursor: this.cursor ?? '' }));
      this.older = [...this.older, ...items];
      this.cursor = nextCursor;
      this.show();
    }, '');
  }

  private show(): void {
    const entries = [...this.first, ...this.older];
    this.table.showIn(this.list, entries, 'Nobody did anything by hand yet.');
    this.more.hidden = this.cursor === null;
  }
}

function cells({ at, who, action, target, changed }: AuditEntry): Child[] {
  return [
    moment(at),
    who === null ? h('span', { class: 'zero' }, 'not known') : h('span', { class: 'name' }, who),
    ACTIONS[action] ?? action,
    TASK_ID.test(target) ? h('a', { href: taskHref(target) }, h('code', {}, target)) : h('code', {}, target),
    count(changed),
  ];
}
