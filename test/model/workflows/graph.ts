import fc from 'fast-check';
import type { NodeCondition, NodeKind } from '../../../lib/contract/index.js';

/** A node of a workflow: its name is the letter of its place. */
export interface GraphNode {
  readonly kind: NodeKind;
  readonly tasks: number;
  /** Places of those that it waits for, each before its own. */
  readonly after: readonly number[];
  readonly when: NodeCondition;
  readonly delayMinutes: number;
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly deadlineMinutes: number | null;
}

const MOST_NODES = 7;

const node = fc.record({
  tasks: fc.option(fc.nat({ max: 3 }), { freq: 3 }),
  /** Those before it that it waits for, a bit each. */
  after: fc.nat({ max: 2 ** MOST_NODES - 1 }),
  when: fc.constantFrom<NodeCondition[]>('completed', 'completed', 'completed', 'failed', 'ended'),
  delayMinutes: fc.constantFrom(0, 0, 0, 0, 2),
});

export const graph: fc.Arbitrary<Graph> = fc.record({
  nodes: fc.array(node, { minLength: 1, maxLength: MOST_NODES, size: 'max' }).map((nodes) =>
    nodes.map(({ tasks, after: bits, when, delayMinutes }, place): GraphNode => {
      const after = nodes.flatMap((_node, other) => (other < place && (bits & (1 << other)) > 0 ? [other] : []));
      return {
        kind: tasks === null ? 'one' : 'each',
        tasks: tasks ?? 1,
        after,
        when: after.length === 0 ? 'completed' : when,
        delayMinutes,
      };
    }),
  ),
  deadlineMinutes: fc.option(fc.integer({ min: 2, max: 12 }), { freq: 3 }),
});

export function nameOf(place: number): string {
  return String.fromCodePoint('a'.codePointAt(0)! + place);
}
