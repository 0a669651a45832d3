import { h, type Child } from '../dom.js';
import { count, moment, percent, rate } from '../format.js';
import type { Totals } from '../verdict.js';

/** The figures of all queues together. */
export function tiles(totals: Totals): HTMLElement {
  const { waiting, running, workers, failed, perMinute, failureRate, oldestAvailableAt } = totals;
  return h(
    'dl',
    { class: 'tiles' },
    tile('Waiting', h('a', { href: '#/tasks?state=available' }, count(waiting))),
    tile('Oldest waiting', moment(oldestAvailableAt)),
    tile('Running', h('a', { href: '#/tasks?state=running' }, count(running)), ` of ${count(workers)}`),
    tile('Completed a minute', rate(perMinute)),
    tile('Failing', failureRate === null ? '–' : h('a', { href: '#/errors' }, percent(failureRate))),
    tile('Failed', h('a', { class: failed > 0 ? 'failed' : '', href: '#/tasks?state=failed' }, count(failed))),
  );
}

function tile(label: string, ...value: readonly Child[]): HTMLElement {
  return h('div', {}, h('dt', {}, label), h('dd', {}, ...value));
}
