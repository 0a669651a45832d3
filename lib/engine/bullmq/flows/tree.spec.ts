import { describe, expect, it } from 'vitest';
import { newWorkflow, type NodeShape } from '../../../../test/support/new-workflow.js';
import { followersOf } from './tree.js';

const followers = (shapes: Readonly<Record<string, NodeShape>>) => followersOf(newWorkflow({ now: () => 0 }, shapes));

describe('the tree that a workflow is', () => {
  it('has for each node the one that waits for it', () => {
    expect(followers({ a: {}, b: {}, c: { after: [0, 1] }, d: {} })).toEqual([2, 2, null, null]);
    expect(followers({ a: { tasks: 3 }, b: { after: [0] }, c: { after: [1] } })).toEqual([1, 2, null]);
  });

  it('is none where two nodes wait for one', () => {
    expect(() => followers({ a: {}, b: { after: [0] }, c: { after: [0] } })).toThrow(
      /^Workflow "order" cannot be started on BullMQ: "b" and "c" both wait for "a", .* use the embedded engine\.$/,
    );
  });

  it('is none where a node of many tasks waits', () => {
    expect(() => followers({ a: {}, many: { kind: 'each', tasks: 2, after: [0] } })).toThrow(
      /^Workflow "order" cannot be started on BullMQ: "many" is a node of many tasks \(each\) that wait for "a"/,
    );
  });

  it('has ten thousand tasks at most', () => {
    expect(followers({ a: { tasks: 9_999 }, b: {} })).toEqual([null, null]);
    expect(() => followers({ a: { tasks: 9_999 }, b: { tasks: 2 } })).toThrow(
      'Workflow "order" cannot be started on BullMQ: it has 10001 tasks, and at most 10000 are stored there in one step.',
    );
  });
});
