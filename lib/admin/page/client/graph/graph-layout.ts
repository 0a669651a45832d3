import { Graph, layout } from '@dagrejs/dagre';
import { NODE_GAP, NODE_WIDTH, type GraphShape, type ShapeEdge, type ShapeNode } from './graph-shape.js';

const RANK_GAP = 56;
/** Of the words at an edge. */
const LABEL = { width: 72, height: 18 };
/** A border that lies half outside of its box is seen whole. */
const MARGIN = 2;

export interface PlacedNode extends ShapeNode {
  /** Of its upper left corner. */
  readonly x: number;
  readonly y: number;
}

export interface PlacedEdge extends ShapeEdge {
  /** Data of an SVG path. */
  readonly path: string;
  /** Middle of its label. */
  readonly x: number;
  readonly y: number;
}

export interface GraphLayout {
  readonly width: number;
  readonly height: number;
  /** In the order in which they are read: from left to right, and downwards where several stand side by side. */
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Where boxes and lines go, from left to right. Only `graph.ts` asks for this file, as it brings dagre along. */
export function layoutOf({ nodes, edges }: GraphShape): GraphLayout {
  const graph = new Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: NODE_GAP, ranksep: RANK_GAP, marginx: MARGIN, marginy: MARGIN });
  for (const { number, height } of nodes) graph.setNode(String(number), { width: NODE_WIDTH, height });
  for (const { from, to, label } of edges) {
    graph.setEdge(String(from), String(to), label === '' ? {} : { ...LABEL, labelpos: 'c' });
  }
  layout(graph);
  const { width, height } = graph.graph() as { width: number; height: number };
  return {
    width: Math.ceil(width),
    height: Math.ceil(height),
    nodes: nodes
      .map((node) => {
        const middle = graph.node(String(node.number)) as Point;
        return { ...node, x: Math.round(middle.x - NODE_WIDTH / 2), y: Math.round(middle.y - node.height / 2) };
      })
      .sort((one, other) => one.x - other.x || one.y - other.y),
    edges: edges.map((edge) => {
      const { points, x, y } = graph.edge(String(edge.from), String(edge.to)) as Partial<Point> & { points: Point[] };
      return { ...edge, path: curve(points), x: Math.round(x ?? 0), y: Math.round(y ?? 0) };
    }),
  };
}

/** A line through the middles of what lies between the points, bent towards these; straight at both ends. */
function curve(points: readonly Point[]): string {
  const [first, ...rest] = points as [Point, ...Point[]];
  const last = rest.pop() ?? first;
  const bends = rest.map((point, index) => {
    const next = rest[index + 1];
    const end = next ? { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 } : last;
    return `Q${at(point)} ${at(end)}`;
  });
  return `M${at(first)}${bends.length === 0 ? `L${at(last)}` : bends.join('')}`;
}

const at = ({ x, y }: Point): string => `${Math.round(x)} ${Math.round(y)}`;
