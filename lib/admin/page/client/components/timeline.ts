import type { Task } from '../../../../engine/index.js';
import { h } from '../dom.js';
import { duration, moment } from '../format.js';

interface Step {
  readonly at: number;
  readonly what: string;
  readonly kind: string;
}

/** What happened to a task, in its order, as far as it is stored. */
export function timeline(task: Task): HTMLElement {
  const steps: Step[] = [{ at: task.createdAt, what: 'Enqueued', kind: 'available' }];
  for (const { attempt, startedAt, finishedAt, outcome } of task.attempts) {
    steps.push({ at: startedAt, what: `Attempt ${attempt} started`, kind: 'running' });
    if (finishedAt === null) continue;
    const kind = outcome === 'retried' || outcome === 'lost' ? 'retryable' : (outcome ?? 'running');
    steps.push({ at: finishedAt, what: `Attempt ${attempt} ${outcome}`, kind });
  }
  const last = task.attempts.at(-1);
  if (task.finishedAt !== null && last?.finishedAt !== task.finishedAt) {
    steps.push({ at: task.finishedAt, what: `Ended: ${task.state}`, kind: task.state });
  }
  if (task.state === 'scheduled' || task.state === 'retryable') {
    steps.push({ at: task.runAt, what: 'Due', kind: task.state });
  }
  steps.sort((one, other) => one.at - other.at);
  const items = steps.map(({ at, what, kind }, index) => {
    const before = steps[index - 1];
    const gap = before && at > before.at ? ` +${duration(at - before.at)}` : '';
    return h('li', { class: kind }, h('span', {}, what), ' ', moment(at), h('span', { class: 'gap' }, gap));
  });
  return h('ol', { class: 'timeline' }, ...items);
}
