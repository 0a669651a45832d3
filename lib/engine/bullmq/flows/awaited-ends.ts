import { jobIdOf } from '../job-ids.js';
import type { RawFlows } from '../patches/raw-flows.js';
import { type ChildEnd, childEndOf } from './child-ends.js';
import type { JobPlace } from './flow-jobs.js';
import type { NodeEnd } from './flow-log.js';
import type { AwaitedNode } from './flow-notes.js';

/** How tasks of nodes have ended that one job waits for, in the order of the nodes, by their ids: what has not is not there. */
export async function childEnds(
  raw: RawFlows,
  parent: JobPlace,
  nodes: ReadonlyArray<Pick<AwaitedNode, 'queue' | 'ids'>>,
): Promise<Array<Map<string, ChildEnd>>> {
  const children = nodes.flatMap(({ queue, ids }) => ids.map((id) => ({ queue, id: jobIdOf(id) })));
  const noted = await raw.childrenOf(parent, children);
  return nodes.map(({ ids }) => {
    const ends = new Map<string, ChildEnd>();
    for (const id of ids) {
      const child = noted.get(jobIdOf(id));
      if (child) ends.set(id, childEndOf(child));
    }
    return ends;
  });
}

/** How the tasks of a node have ended, as far as they have. */
export function nodeEndOf(ends: ReadonlyMap<string, ChildEnd>): NodeEnd {
  const counts = { completed: 0, failed: 0, cancelled: 0 };
  let failedTask: string | undefined;
  let cause: number | undefined;
  for (const [id, end] of ends) {
    counts[end.state] += 1;
    if (end.state === 'failed') failedTask ??= id;
    if (end.state === 'cancelled') cause ??= end.cause;
  }
  return { ...counts, ...(failedTask !== undefined && { failedTask }), ...(cause !== undefined && { cause }) };
}

/** How a node has ended all of whose tasks have. */
export function stateOfEnd({ failed, cancelled }: Pick<NodeEnd, 'failed' | 'cancelled'>) {
  return failed > 0 ? 'failed' : cancelled > 0 ? 'cancelled' : 'completed';
}
