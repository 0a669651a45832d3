import type { WorkflowNode } from '../api-types.js';

/** A layout of as many takes half a second; of more, the table is quicker to read than a drawing. */
export const MAX_GRAPH_NODES = 200;
/** The time that a layout takes grows with the edges faster than with the nodes. */
export const MAX_GRAPH_EDGES = 400;

/** All lengths are in sixteenths of the size of letters. */
export const NODE_WIDTH = 208;
export const NODE_GAP = 16;
const LINE_GAP = 20;
const NODE_HEIGHT = 58;
const EACH_HEIGHT = 74;

export interface ShapeNode {
  readonly number: number;
  readonly height: number;
}

export interface ShapeEdge {
  readonly from: number;
  readonly to: number;
  /** How what is waited for must have ended, where that is not simply "completed"; empty otherwise. */
  readonly label: string;
}

/** What a layout depends on: nothing that changes while a workflow runs. */
export interface GraphShape {
  readonly nodes: readonly ShapeNode[];
  readonly edges: readonly ShapeEdge[];
}

const LABELS = { completed: '', failed: 'if failed', ended: 'once ended' } as const;

/** In the order of their numbers, as those that run are listed before others: a layout has to be the same while states change. */
export function shapeOf(listed: readonly WorkflowNode[]): GraphShape {
  const known = new Set(listed.map(({ number }) => number));
  const inOrder = listed.toSorted((one, other) => one.number - other.number);
  return {
    nodes: inOrder.map(({ number, kind }) => ({ number, height: kind === 'each' ? EACH_HEIGHT : NODE_HEIGHT })),
    edges: inOrder.flatMap(({ number, after, when }) =>
      after.filter((from) => known.has(from)).map((from) => ({ from, to: number, label: LABELS[when] })),
    ),
  };
}

/** Whether a graph says more than the table, and can be drawn. */
export function graphFor({ nodes, edges }: GraphShape, total: number): 'drawn' | 'too-large' | 'needless' {
  if (edges.length === 0) return 'needless';
  return total > MAX_GRAPH_NODES || nodes.length < total || edges.length > MAX_GRAPH_EDGES ? 'too-large' : 'drawn';
}

/** How tall it becomes, about: the room is kept while the layout is on its way, so that nothing below is moved. */
export function expectedHeight({ nodes, edges }: GraphShape): number {
  const ranks = new Map<number, number>();
  const heights: number[] = [];
  for (const { number, height } of nodes) {
    // What a node waits for was added before it.
    const before = edges.filter(({ to }) => to === number).map(({ from }) => ranks.get(from) ?? 0);
    const rank = before.length === 0 ? 0 : Math.max(...before) + 1;
    ranks.set(number, rank);
    heights[rank] = (heights[rank] ?? -NODE_GAP) + height + NODE_GAP;
    // A line goes past what lies between its ends.
    for (const from of before) {
      for (let passed = from + 1; passed < rank; passed += 1) heights[passed]! += LINE_GAP;
    }
  }
  return Math.max(...heights);
}
