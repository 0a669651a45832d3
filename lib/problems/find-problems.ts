import { cronProblems, outboxProblems, storageProblems, unhandledProblems } from './around-queues.js';
import { PROBLEM_KINDS, type Problem, type Situation } from './problem.js';
import { queueProblems, type Weighed } from './queue-problems.js';
import { numberText, quantity } from './words.js';

/**
 * What a person should look at: the bad before what may become so, then by kind, then by how much there is of it. Empty
 * where work flows, and where there is none.
 */
export function findProblems(situation: Situation): Problem[] {
  const own = situation.queues.filter(({ foreign }) => !foreign);
  const isDeserted = situation.workers.length === 0;
  const found: Weighed[] = [
    ...(isDeserted ? deserted(own) : []),
    ...own.flatMap((queue) => queueProblems(queue, situation)),
    ...unhandledProblems(situation),
    ...outboxProblems(situation),
    ...cronProblems(situation),
    ...storageProblems(situation),
  ];
  return found.toSorted(byGravity).map(({ weight: _, ...problem }) => problem);
}

function byGravity(one: Weighed, other: Weighed): number {
  return (
    Number(one.severity === 'warn') - Number(other.severity === 'warn') ||
    PROBLEM_KINDS.indexOf(one.kind) - PROBLEM_KINDS.indexOf(other.kind) ||
    other.weight - one.weight
  );
}

/** One sentence for the store: that no process works on each of its queues says no more. */
function deserted(queues: Situation['queues']): Weighed[] {
  const sum = (of: (queue: Situation['queues'][number]) => number): number =>
    queues.reduce((total, queue) => total + of(queue), 0);
  const waiting = sum(({ counts }) => counts.available);
  const later = sum(({ counts }) => counts.scheduled + counts.retryable);
  const cut = sum(({ counts }) => counts.running);
  if (waiting + later + cut === 0) return [];
  const parts = [
    ...(waiting > 0 ? [`${quantity(waiting, 'task')} waiting`] : []),
    ...(cut > 0 ? [`${numberText(cut)} left running`] : []),
    ...(later > 0 ? [`${numberText(later)} for later`] : []),
  ];
  return [
    {
      kind: 'no-process',
      severity: 'bad',
      queue: null,
      text: `No process is alive: ${parts.join(', ')}`,
      place: { page: 'overview' },
      weight: waiting,
    },
  ];
}
