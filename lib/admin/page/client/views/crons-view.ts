import type { TaskState } from '../../../../engine/index.js';
import { api } from '../api.js';
import type { CronSchedule } from '../api-types.js';
import { mark } from '../components/badge.js';
import { Table } from '../components/table.js';
import { cronWords, zoneWords } from '../cron-words.js';
import { button, h, notice, taskHref, type Child } from '../dom.js';
import { duration, exact, moment } from '../format.js';
import type { Page, View } from '../view.js';

const DONE = { trigger: 'Enqueued a run', pause: 'Paused', resume: 'Resumed' } as const;
/** For whoever does not tell colours apart. */
const SIGNS: Readonly<Partial<Record<TaskState, string>>> = { completed: '✓', failed: '✕', cancelled: '–' };

/** Every cron schedule of the store. */
export class CronsView implements View {
  readonly title = 'Crons';
  private readonly table: Table<CronSchedule>;
  private readonly list = h('div', { class: 'panel scroll' }, notice('Reading …'));
  readonly element = h('section', {}, h('h1', {}, 'Crons'), this.list);

  constructor(private readonly page: Page) {
    this.table = new Table(
      'Crons',
      [
        { label: 'Schedule' },
        { label: 'Runs' },
        { label: 'Queue' },
        { label: 'Last runs' },
        { label: 'Next run' },
        { label: 'Actions', isHidden: true },
      ],
      ({ name }) => name,
      (cron) => this.cells(cron),
    );
  }

  async refresh(): Promise<void> {
    const crons = await api.crons();
    this.table.showIn(this.list, crons, 'There are no cron schedules.');
  }

  private cells(cron: CronSchedule): Array<Child | Child[]> {
    const { name, task, location, paused, disabled, expression, registered, queue } = cron;
    const words = cronWords(cron);
    return [
      [
        h('strong', { class: 'name' }, name),
        ' ',
        paused && mark('paused', 'paused'),
        ' ',
        disabled && mark('disabled in code'),
        ' ',
        registered === false && mark('no handler here', 'paused', 'This process has no handler for its task.'),
        h('span', { class: 'under' }, location ?? task),
      ],
      [
        h('span', {}, words),
        h('span', { class: 'under' }, words !== expression && h('code', {}, expression), ` ${zoneWords(cron)}`),
      ],
      queue,
      lastRuns(cron),
      nextRuns(cron),
      !this.page.readOnly && h('div', { class: 'actions' }, ...this.buttons(cron)),
    ];
  }

  private buttons({ name, paused }: CronSchedule): HTMLElement[] {
    const act = (label: string, action: keyof typeof DONE): HTMLElement =>
      button(label, () => this.page.act(() => api.actOnCron(action, name), `${DONE[action]}: ${name}`));
    return [act('Run now', 'trigger'), paused ? act('Resume', 'resume') : act('Pause', 'pause')];
  }
}

function lastRuns({ lastRuns: runs, lastTaskId, lastRunAt }: CronSchedule): Child | Child[] {
  if (runs.length === 0) {
    return lastTaskId === null ? moment(lastRunAt) : h('a', { href: taskHref(lastTaskId) }, moment(lastRunAt));
  }
  const links = runs.map(({ id, state, runAt, startedAt, finishedAt }) => {
    const took = startedAt !== null && finishedAt !== null ? `, took ${duration(finishedAt - startedAt)}` : '';
    const text = `${state}, ${exact(startedAt ?? runAt)}${took}`;
    return h('a', { class: `run ${state}`, href: taskHref(id), title: text, 'aria-label': text }, SIGNS[state] ?? '…');
  });
  return [
    h('span', { class: 'runs' }, ...links),
    h('span', { class: 'under' }, moment(runs[0]!.startedAt ?? runs[0]!.runAt)),
  ];
}

function nextRuns({ nextRunAt, nextRuns: runs, timeZone }: CronSchedule): Child | Child[] {
  if (nextRunAt === null) return '–';
  const zone = timeZone ?? undefined;
  const later = runs.slice(1);
  if (later.length === 0) return [moment(nextRunAt), h('span', { class: 'under' }, exact(nextRunAt, zone))];
  const lines = later.map((at) => h('li', {}, exact(at, zone)));
  return [
    moment(nextRunAt),
    h('details', { class: 'under' }, h('summary', {}, exact(nextRunAt, zone)), h('ul', { class: 'plain' }, ...lines)),
  ];
}
