import type { CronSchedule } from '../../../../cron/cron-schedules.types.js';
import { api } from '../api.js';
import { cell, h, notice, table } from '../dom.js';
import { moment } from '../format.js';
import type { Page, View } from '../view.js';

const HEADINGS = ['Schedule', 'Expression', 'Queue', 'Next run', 'Last run', ''];
const DONE = { trigger: 'Enqueued a run', pause: 'Paused', resume: 'Resumed' } as const;

/** Every cron schedule of the store. */
export class CronsView implements View {
  readonly element = h('section', {}, h('h1', {}, 'Crons'), notice('Reading …'));
  private shown = '';

  constructor(private readonly page: Page) {}

  async refresh(): Promise<void> {
    const crons = await api.crons();
    const text = JSON.stringify(crons);
    if (text === this.shown) return;
    this.shown = text;
    const rows = crons.map((cron) => this.row(cron));
    this.element.replaceChildren(
      h('h1', {}, 'Crons'),
      rows.length > 0 ? table(HEADINGS, h('tbody', {}, ...rows)) : notice('There are no cron schedules.'),
    );
  }

  private row(cron: CronSchedule): HTMLElement {
    const zone = cron.timeZone ?? (cron.utcOffset === null ? null : `UTC offset ${cron.utcOffset} min`);
    const { lastTaskId } = cron;
    return h(
      'tr',
      {},
      cell(
        'Schedule',
        h('strong', {}, cron.name),
        cron.paused && h('span', { class: 'badge paused' }, 'paused'),
        cron.disabled && h('span', { class: 'badge' }, 'disabled in code'),
      ),
      cell('Expression', h('code', {}, cron.expression), zone !== null && ` ${zone}`),
      cell('Queue', cron.queue),
      cell('Next run', moment(cron.nextRunAt)),
      cell(
        'Last run',
        lastTaskId === null
          ? moment(cron.lastRunAt)
          : h('a', { href: `#/tasks/${encodeURIComponent(lastTaskId)}` }, moment(cron.lastRunAt)),
      ),
      cell('', !this.page.readOnly && h('div', { class: 'actions' }, ...this.buttons(cron))),
    );
  }

  private buttons({ name, paused }: CronSchedule): HTMLElement[] {
    const button = (label: string, action: keyof typeof DONE): HTMLElement => {
      const run = (): void => this.page.act(() => api.actOnCron(action, name), `${DONE[action]}: ${name}`);
      return h('button', { type: 'button', onclick: run }, label);
    };
    return [button('Run now', 'trigger'), paused ? button('Resume', 'resume') : button('Pause', 'pause')];
  }
}
