import type { TaskDispatcher } from '../../../lib/queueing/index.js';
import type { WorkflowBuilder } from '../../../lib/workflows/index.js';

/** Which commits of a start its process may end at: `last`, or one of the `chunks` before. */
export const START_COMMIT_VARIABLE = 'START_COMMIT';

/** Nodes of it. */
export const LARGE = 402;

/** One, many that wait for it, and one that waits for those: more than one transaction stores. */
export function buildLarge(tasks: TaskDispatcher): WorkflowBuilder {
  const w = tasks.workflow('large', { tags: { of: 'kill' } });
  const first = w.add('work', 'quick', {}, { as: 'first' });
  const many = Array.from({ length: LARGE - 2 }, () => w.add('work', 'quick', {}, { after: first }));
  w.add('work', 'quick', {}, { as: 'last', after: many });
  return w;
}
