import { listOf, nearest } from '../contract/index.js';
import { NodeRef } from './node-ref.js';

/** Most nodes of a workflow, most that are waited for in all, and most tasks that it begins with. */
export const MAX_WORKFLOW_NODES = 10_000;
export const MAX_WORKFLOW_EDGES = 100_000;
export const MAX_WORKFLOW_TASKS = 100_000;

/** A node, as far as the graph goes. */
export interface GraphNode {
  readonly ref: NodeRef;
  readonly after: ReadonlyArray<NodeRef | string>;
}

/**
 * For each node the places of those that it waits for, each once and in their order.
 *
 * @param fail makes the error, of what is wrong worded to follow the workflow's name
 */
export function edgesOf(nodes: readonly GraphNode[], fail: (problem: string) => Error): number[][] {
  const places = new Map(nodes.map(({ ref }, place) => [ref, place]));
  const names = new Map<string, number[]>();
  for (const [place, { ref }] of nodes.entries()) names.set(ref.name, [...(names.get(ref.name) ?? []), place]);
  const placeOf = (name: string, wanted: unknown): number => {
    if (wanted instanceof NodeRef) {
      const place = places.get(wanted);
      if (place !== undefined) return place;
      throw fail(`has no node "${wanted.name}" that "${name}" could wait for: that one is of another workflow.`);
    }
    const found = typeof wanted === 'string' ? names.get(wanted) : undefined;
    if (found?.length === 1) return found[0]!;
    if (found)
      throw fail(
        `has ${found.length} nodes "${String(wanted)}": give each its own name by "as", or hand in what add() gave.`,
      );
    throw fail(unknownText(name, wanted, [...names.keys()]));
  };
  const edges = nodes.map(({ ref, after }, place) => {
    const found = new Set(after.map((wanted) => placeOf(ref.name, wanted)));
    if (found.has(place)) throw fail(`has a node "${ref.name}" that waits for itself, and could never run.`);
    return [...found].sort((one, other) => one - other);
  });
  const count = edges.reduce((sum, after) => sum + after.length, 0);
  if (count > MAX_WORKFLOW_EDGES) {
    throw fail(`has ${count} edges from one node to another; at most ${MAX_WORKFLOW_EDGES} are taken.`);
  }
  const circle = circleIn(edges);
  if (circle) {
    const path = [...circle, circle[0]!].map((place) => `"${nodes[place]!.ref.name}"`);
    throw fail(`has a circle, of which no node could ever run: ${path.join(' waits for ')}.`);
  }
  return edges;
}

function unknownText(name: string, wanted: unknown, names: readonly string[]): string {
  if (typeof wanted !== 'string')
    return `has a node "${name}" whose "after" is no node: hand in what add() or each() gave, or a name.`;
  const close = nearest(wanted, names);
  return `has no node "${wanted}" that "${name}" could wait for. ${close === undefined ? `Its nodes: ${listOf(names.slice(0, 20))}` : `Did you mean "${close}"?`}`;
}

/** The nodes of a circle, each of which waits for the next; null where there is none. No recursion: a chain may be long. */
function circleIn(edges: ReadonlyArray<readonly number[]>): number[] | null {
  const followers: number[][] = edges.map(() => []);
  for (const [place, after] of edges.entries()) for (const parent of after) followers[parent]!.push(place);
  const waits = edges.map(({ length }) => length);
  const free = waits.flatMap((count, place) => (count === 0 ? [place] : []));
  // Grows as it is gone through.
  for (const place of free) {
    for (const follower of followers[place]!) if ((waits[follower]! -= 1) === 0) free.push(follower);
  }
  if (free.length === edges.length) return null;
  const path: number[] = [];
  let place = waits.findIndex((count) => count > 0);
  while (!path.includes(place)) {
    path.push(place);
    place = edges[place]!.find((parent) => waits[parent]! > 0)!;
  }
  return path.slice(path.indexOf(place), path.indexOf(place) + MAX_SHOWN);
}

/** Nodes of a circle that an error names. */
const MAX_SHOWN = 20;
