import { describe, expect, it } from 'vitest';
import type { WorkflowNode } from '../api-types.js';
import { layoutOf, type GraphLayout, type PlacedBox } from './graph-layout.js';
import { expectedHeight, graphFor, MAX_GRAPH_NODES, NODE_WIDTH, shapeOf } from './graph-shape.js';

function node(number: number, after: readonly number[] = [], more: Partial<WorkflowNode> = {}): WorkflowNode {
  return {
    number,
    name: `node ${number}`,
    kind: 'one',
    queue: 'default',
    task: 'greet',
    state: 'blocked',
    when: 'completed',
    after,
    waitsFor: after.length,
    tasks: { total: 1, ended: 0, failed: 0 },
    taskId: null,
    ...more,
  };
}

/** One at first, two beside each other, one that waits for both, and one that is done where that has failed. */
const ORDER = [
  node(0),
  node(1, [0], { kind: 'each', tasks: { total: 100, ended: 0, failed: 0 } }),
  node(2, [0]),
  node(3, [1, 2]),
  node(4, [3], { when: 'failed' }),
];

const placed = ({ nodes }: GraphLayout, number: number): PlacedBox => nodes.find((one) => one.number === number)!;

describe('the graph of a workflow', () => {
  it('has every node to the right of those that it waits for, and none upon another', () => {
    const layout = layoutOf(shapeOf(ORDER));
    for (const { number, after } of ORDER) {
      for (const from of after) {
        expect(placed(layout, number).x).toBeGreaterThan(placed(layout, from).x + NODE_WIDTH);
      }
    }
    const apart = (one: PlacedBox, other: PlacedBox): boolean =>
      Math.abs(one.x - other.x) >= NODE_WIDTH ||
      (one.y < other.y ? one.y + one.height : other.y + other.height) <= Math.max(one.y, other.y);
    expect(
      ORDER.every((one) =>
        ORDER.every((other) => one === other || apart(placed(layout, one.number), placed(layout, other.number))),
      ),
    ).toBe(true);
    for (const { x, y, height } of layout.nodes) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(x + NODE_WIDTH).toBeLessThanOrEqual(layout.width);
      expect(y + height).toBeLessThanOrEqual(layout.height);
    }
  });

  it('is read in the order in which it runs', () => {
    const numbers = layoutOf(shapeOf(ORDER.toReversed())).nodes.map(({ number }) => number);
    expect(numbers[0]).toBe(0);
    expect(new Set(numbers.slice(1, 3))).toEqual(new Set([1, 2]));
    expect(numbers.slice(3)).toEqual([3, 4]);
  });

  it('leads lines from the right side of a box to the left side of the next', () => {
    const layout = layoutOf(shapeOf(ORDER));
    for (const { from, to, path } of layout.edges) {
      const [start, end] = [placed(layout, from), placed(layout, to)];
      const numbers = path.match(/\d+/g)!.map(Number);
      expect(numbers.slice(0, 2)).toEqual([start.x + NODE_WIDTH, Math.round(start.y + start.height / 2)]);
      expect(numbers.slice(-2)).toEqual([end.x, Math.round(end.y + end.height / 2)]);
    }
  });

  it('says at an edge how what is waited for must have ended, where that is not "completed"', () => {
    const { edges } = layoutOf(
      shapeOf([node(0), node(1, [0]), node(2, [0], { when: 'ended' }), node(3, [1], { when: 'failed' })]),
    );
    expect(edges.map(({ from, to, label }) => [from, to, label])).toEqual([
      [0, 1, ''],
      [0, 2, 'once ended'],
      [1, 3, 'if failed'],
    ]);
  });

  it('stays as it is while states change, and what runs is listed before others', () => {
    const later = ORDER.map((one) => ({
      ...one,
      state: one.number === 4 ? ('running' as const) : ('completed' as const),
    }));
    expect(shapeOf([later[4]!, ...later.slice(0, 4)])).toEqual(shapeOf(ORDER));
    expect(layoutOf(shapeOf(later))).toEqual(layoutOf(shapeOf(ORDER)));
  });

  it('is about as tall as the room that is kept for it', () => {
    const shape = shapeOf(ORDER);
    expect(Math.abs(layoutOf(shape).height - expectedHeight(shape))).toBeLessThan(20);
    const long = shapeOf([node(0), node(1, [0]), node(2, [1]), node(3, [0, 2]), node(4, [0, 1, 3])]);
    expect(Math.abs(layoutOf(long).height - expectedHeight(long))).toBeLessThan(40);
    const wide = shapeOf([node(0), ...Array.from({ length: 30 }, (_, index) => node(index + 1, [0]))]);
    expect(Math.abs(layoutOf(wide).height - expectedHeight(wide))).toBeLessThan(20);
  });

  it('is drawn where nodes wait for each other, and they are not too many', () => {
    const chain = (length: number): WorkflowNode[] =>
      Array.from({ length }, (_, index) => node(index, index === 0 ? [] : [index - 1]));
    expect(graphFor(shapeOf(ORDER), ORDER.length)).toBe('drawn');
    expect(graphFor(shapeOf([node(0), node(1)]), 2)).toBe('needless');
    expect(graphFor(shapeOf(chain(MAX_GRAPH_NODES)), MAX_GRAPH_NODES)).toBe('drawn');
    expect(graphFor(shapeOf(chain(MAX_GRAPH_NODES + 1)), MAX_GRAPH_NODES + 1)).toBe('too-large');
    // The others are not in the list.
    expect(graphFor(shapeOf(chain(10)), 20)).toBe('too-large');
    const dense = Array.from({ length: 60 }, (_, index) =>
      node(
        index,
        Array.from({ length: Math.min(index, 10) }, (__, other) => other),
      ),
    );
    expect(graphFor(shapeOf(dense), 60)).toBe('too-large');
  });

  it('leaves out edges to nodes that are not listed', () => {
    expect(shapeOf([node(5, [2, 4]), node(4)]).edges).toEqual([{ from: 4, to: 5, label: '' }]);
  });
});
