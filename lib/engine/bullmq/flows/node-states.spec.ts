import { describe, expect, it } from 'vitest';
import type { NodeCondition } from '../../../contract/index.js';
import { holds } from './admission.js';
import type { FlowFacts, NodeEnd } from './flow-log.js';
import type { FlowNode } from './flow-record.js';
import { nodesNow, outcomeOf } from './node-states.js';

const COMPLETED: NodeEnd = { completed: 1, failed: 0, cancelled: 0 };
const FAILED: NodeEnd = { completed: 0, failed: 1, cancelled: 0, failedTask: 'x' };
const CANCELLED: NodeEnd = { completed: 0, failed: 0, cancelled: 1 };
const OPEN: NodeEnd = { completed: 0, failed: 0, cancelled: 0 };

/** Nodes of a task each, by what they wait for. */
function tree(...after: ReadonlyArray<readonly number[]>): FlowNode[] {
  return after.map((list, place) => {
    const follower = after.findIndex((others) => others.includes(place));
    const name = `n${place}`;
    return {
      name,
      kind: 'one',
      queue: 'q',
      task: 'work',
      when: 'completed',
      after: list,
      follower: follower < 0 ? null : follower,
      ids: [name],
    };
  });
}

function facts(ends: Record<number, NodeEnd> = {}, ending: FlowFacts['ending'] = null): FlowFacts {
  return { ends: new Map(Object.entries(ends).map(([place, end]) => [Number(place), end])), ending };
}

/** States of the nodes, and which of them were asked for together. */
async function look(
  nodes: readonly FlowNode[],
  known: FlowFacts,
  marks: Record<number, NodeEnd | null>,
  isOver = false,
) {
  const asked: number[][] = [];
  const now = await nodesNow(
    nodes,
    known,
    async (places) => {
      asked.push([...places]);
      return places.map((place) => (place in marks ? marks[place]! : OPEN));
    },
    isOver,
  );
  return { asked, states: now.map(({ state }) => state), now };
}

describe('the states of nodes', () => {
  // 0 and 1 before 3, 2 before 4, 3 and 4 before 5, whose place comes first.
  const nodes = tree([], [], [], [0, 1], [2], [3, 4]);

  it('are asked for where nothing is noted, together where one waits for them, and never of what is blocked', async () => {
    const { asked, states } = await look(nodes, facts(), { 0: COMPLETED, 2: COMPLETED });
    expect(states).toEqual(['completed', 'running', 'completed', 'blocked', 'running', 'blocked']);
    expect(asked).toEqual([[0, 1], [2], [4]]);
    const noted = await look(nodes, facts({ 0: COMPLETED, 1: FAILED, 2: COMPLETED }), { 3: CANCELLED });
    expect(noted.states).toEqual(['completed', 'failed', 'completed', 'cancelled', 'running', 'blocked']);
    expect(noted.asked).toEqual([[3, 4]]);
  });

  it('are blocked all along a line whose first runs', async () => {
    const { asked, states } = await look(tree([], [0], [1]), facts(), {});
    expect(states).toEqual(['running', 'blocked', 'blocked']);
    expect(asked).toEqual([[0]]);
  });

  it('are completed of nodes without a task, of which nobody is asked', async () => {
    const without = tree([], [], [0, 1], [2]).map((node, place) => (place === 3 ? node : { ...node, ids: [] }));
    const { asked, states, now } = await look(without, facts(), {});
    expect(states).toEqual(['completed', 'completed', 'completed', 'running']);
    expect(now[0]!.end).toEqual({ completed: 0, failed: 0, cancelled: 0 });
    expect(asked).toEqual([[3]]);
  });

  it('are those of an end where all is over: what left no mark was taken away, what has no job any more has completed', async () => {
    const { now } = await look(tree([], [0]), facts(), { 0: null, 1: OPEN }, true);
    expect(now).toEqual([
      { state: 'completed', end: COMPLETED },
      { state: 'cancelled', end: CANCELLED },
    ]);
  });
});

describe('the end of a workflow', () => {
  const pair = (when: NodeCondition): FlowNode[] =>
    tree([], [0]).map((node, place) => (place ? { ...node, when } : node));

  it.each<[NodeEnd, NodeEnd, NodeCondition, string, number | null]>([
    [COMPLETED, COMPLETED, 'completed', 'completed', null],
    [FAILED, { ...CANCELLED, cause: 0 }, 'completed', 'failed', 0],
    [FAILED, COMPLETED, 'failed', 'completed', null],
    [FAILED, COMPLETED, 'ended', 'completed', null],
    [FAILED, FAILED, 'failed', 'failed', 0],
    [COMPLETED, { ...CANCELLED, cause: 0 }, 'failed', 'completed', null],
    [CANCELLED, COMPLETED, 'ended', 'completed', null],
    [COMPLETED, CANCELLED, 'completed', 'cancelled', 1],
  ])('%j, then %j where it waits for %s: %s', async (first, second, when, state, at) => {
    const nodes = pair(when);
    const { now } = await look(nodes, facts({ 0: first, 1: second }), {}, true);
    expect(outcomeOf(nodes, now, facts())).toEqual({ state, at });
    expect(outcomeOf(nodes, now, facts({}, 'deadline'))).toEqual({ state: 'failed', at: null });
  });

  it('is that it was cancelled, where somebody did so and no node tells of it', async () => {
    const nodes = pair('completed');
    const { now } = await look(nodes, facts({ 0: COMPLETED, 1: COMPLETED }), {}, true);
    expect(outcomeOf(nodes, now, facts({}, 'cancelled'))).toEqual({ state: 'cancelled', at: null });
  });

  it('is a failure that nothing answers, where what comes after it was not there for that and has no task', async () => {
    const nodes = pair('completed').map((node, place) => (place ? { ...node, ids: [] } : node));
    const { now } = await look(nodes, facts({ 0: FAILED }), {}, true);
    expect(outcomeOf(nodes, now, facts())).toEqual({ state: 'failed', at: 0 });
  });
});

it('says whether a condition holds where all has ended', () => {
  expect(holds('ended', ['failed', 'cancelled'])).toBe(true);
  expect(holds('failed', ['cancelled', 'completed'])).toBe(false);
  expect(holds('failed', ['cancelled', 'failed'])).toBe(true);
  expect(holds('completed', ['completed', 'cancelled'])).toBe(false);
  expect(holds('completed', [])).toBe(true);
});
