import { Graph, layout } from '@dagrejs/dagre';
import { NODE_GAP, NODE_WIDTH, type GraphShape, type ShapeEdge, type ShapeNode } from './graph-shape.js';

const RANK_GAP = 56;
/** Of the words at an edge. */
const LABEL = { width: 72, height: 18 };
/** A border that lies half outside of its box is seen whole. */
const MARGIN = 2;

export interface PlacedBox extends ShapeNode {
  /** Of its upper left corner. */
  readonly x: number;
  readonly y: number;
}

export interface PlacedLine extends ShapeEdge {
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
  readonly nodes: readonly PlacedBox[];
  readonly edges: readonly PlacedLine[];
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
  const placed = nodes.map((node) => {
    const middle = graph.node(String(node.number)) as Point;
    return { ...node, x: Math.round(middle.x - NODE_WIDTH / 2), y: Math.round(middle.y - node.height / 2) };
  });
  const byNumber = new Map(placed.map((node) => [node.number, node]));
  return {
    width: Math.ceil(width),
    height: Math.ceil(height),
    nodes: placed.toSorted((one, other) => one.x - other.x || one.y - other.y),
    edges: edges.map((edge) => {
      const { points, x, y } = graph.edge(String(edge.from), String(edge.to)) as Partial<Point> & { points: Point[] };
      // The first and the last are where dagre would touch the boxes, which may be above or below them.
      const between = points.slice(1, -1);
      const isStraight = between.length === 1 && edge.label === '';
      const path = curve([
        rightOf(byNumber.get(edge.from)!),
        ...(isStraight ? [] : between),
        leftOf(byNumber.get(edge.to)!),
      ]);
      return { ...edge, path, x: Math.round(x ?? 0), y: Math.round(y ?? 0) };
    }),
  };
}

const rightOf = ({ x, y, height }: PlacedBox): Point => ({ x: x + NODE_WIDTH, y: y + height / 2 });
const leftOf = ({ x, y, height }: PlacedBox): Point => ({ x, y: y + height / 2 });

/** A line through the points, level at each of them. */
function curve(points: readonly Point[]): string {
  const bends = points.slice(1).map((point, index) => {
    const before = points[index]!;
    const x = (before.x + point.x) / 2;
    return `C${at({ x, y: before.y })} ${at({ x, y: point.y })} ${at(point)}`;
  });
  return `M${at(points[0]!)}${bends.join('')}`;
}

const at = ({ x, y }: Point): string => `${Math.round(x)} ${Math.round(y)}`;
