import type { NodeState, WorkflowState } from '../../../contract/index.js';
import { stateOfEnd } from './awaited-ends.js';
import type { FlowFacts, NodeEnd } from './flow-log.js';
import { type FlowNode, inOrder } from './flow-record.js';

/** A node as it is now. */
export interface NodeNow {
  readonly state: NodeState;
  /** Of its tasks, as far as they have ended. */
  readonly end: NodeEnd;
}

/**
 * How far the nodes of a workflow are, by their places.
 *
 * @param facts what is noted of it
 * @param look how the tasks of nodes have ended that one job waits for, by the marks in that, in their order; null where it is gone
 * @param isOver whether BullMQ has nothing of it to wait for any more
 */
export async function nodesNow(
  nodes: readonly FlowNode[],
  { ends }: FlowFacts,
  look: (places: readonly number[]) => Promise<ReadonlyArray<NodeEnd | null>>,
  isOver: boolean,
): Promise<NodeNow[]> {
  const now: NodeNow[] = [];
  for (const group of siblings(nodes)) {
    const open = group.filter((place) => isOver || nodes[place]!.after.every((other) => isEnded(now[other]!)));
    const asked = open.filter((place) => !ends.has(place) && nodes[place]!.ids.length > 0);
    const found = asked.length > 0 ? await look(asked) : [];
    const seen = new Map(asked.map((place, index) => [place, found[index]!]));
    for (const place of group) now[place] = { state: 'blocked', end: NOTHING };
    for (const place of open) {
      now[place] = stateBy(nodes[place]!.ids.length, ends.get(place) ?? seen.get(place) ?? null, isOver);
    }
  }
  return now;
}

/** Nodes that one waits for, together: each group after those of what its nodes wait for. */
function siblings(nodes: readonly FlowNode[]): number[][] {
  const groups = new Map<number | null, number[]>();
  for (const place of inOrder(nodes)) {
    const { follower } = nodes[place]!;
    const group = groups.get(follower) ?? [];
    // One that has grown stands last: a map keeps the order in which keys came.
    groups.delete(follower);
    group.push(place);
    groups.set(follower, group);
  }
  return [...groups.values()];
}

const NOTHING: NodeEnd = { completed: 0, failed: 0, cancelled: 0 };

export function endedOf({ completed, failed, cancelled }: NodeEnd): number {
  return completed + failed + cancelled;
}

/** How a workflow has ended whose nodes have, and the place of the node that says so. */
export function outcomeOf(
  nodes: readonly FlowNode[],
  now: readonly NodeNow[],
  { ending }: Pick<FlowFacts, 'ending'>,
): { readonly state: Exclude<WorkflowState, 'running'>; readonly at: number | null } {
  const unanswered = (state: NodeState): number | null => {
    const found = nodes.findIndex(({ follower }, place) => {
      const one = now[place]!;
      if (one.state !== state || one.end.cause !== undefined) return false;
      return follower === null || nodes[follower]!.when === 'completed' || now[follower]!.state !== 'completed';
    });
    return found < 0 ? null : found;
  };
  if (ending === 'deadline') return { state: 'failed', at: null };
  const failed = unanswered('failed');
  if (failed !== null) return { state: 'failed', at: failed };
  const cancelled = unanswered('cancelled');
  if (cancelled !== null || ending === 'cancelled') return { state: 'cancelled', at: cancelled };
  return { state: 'completed', at: null };
}

function isEnded({ state }: NodeNow): boolean {
  return state !== 'blocked' && state !== 'running';
}

/** @param end null: nothing is known of it but that it is over */
function stateBy(total: number, end: NodeEnd | null, isOver: boolean): NodeNow {
  if (!end) return { state: 'completed', end: { ...NOTHING, completed: total } };
  const open = total - endedOf(end);
  if (open > 0 && !isOver) return { state: 'running', end };
  const whole = { ...end, cancelled: end.cancelled + Math.max(0, open) };
  return { state: stateOfEnd(whole), end: whole };
}
