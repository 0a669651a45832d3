import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { Workflow, WorkflowNode } from '../api-types.js';
import { href, taskHref } from '../core/place.js';
import { count } from '../format.js';
import type { GraphLayout } from '../graph/graph-layout.js';
import {
  expectedHeight,
  graphFor,
  MAX_GRAPH_EDGES,
  MAX_GRAPH_NODES,
  NODE_WIDTH,
  shapeOf,
  type GraphShape,
} from '../graph/graph-shape.js';
import { useLayout } from '../graph/use-layout.js';
import { Badge, Notice, Panel } from '../ui/bits.js';

const SIZES = [0.5, 0.75, 1, 1.25] as const;
const USUAL_SIZE = 2;
/** The size of letters, in the unit of a shape. */
const LETTER = 16;
/** Of the box that the graph is scrolled in. */
const MAX_HEIGHT = '34rem';

/** The nodes of a workflow as boxes, each after those that it waits for. The table below has the same in words. */
export function WorkflowGraph({ workflow }: { readonly workflow: Workflow }): JSX.Element | null {
  const { listed, nodes } = workflow;
  const shape = useMemo(() => shapeOf(listed), [listed]);
  const kind = graphFor(
    shape,
    Object.values(nodes).reduce((sum, some) => sum + some, 0),
  );
  if (kind === 'needless') return null;
  if (kind === 'drawn') return <DrawnGraph workflow={workflow} shape={shape} />;
  return (
    <Panel title="Graph">
      <Notice>
        {`A graph is drawn of at most ${MAX_GRAPH_NODES} nodes that wait for ${MAX_GRAPH_EDGES} others. This workflow has more: the table has them all, with what each waits for.`}
      </Notice>
    </Panel>
  );
}

function DrawnGraph({ workflow, shape }: { readonly workflow: Workflow; readonly shape: GraphShape }): JSX.Element {
  const layout = useLayout(shape);
  const [size, setSize] = useState(USUAL_SIZE);
  const isCut = workflow.listed.some(({ after, waitsFor }) => waitsFor > after.length);
  const sized = (step: number, label: string, text: string): JSX.Element => (
    <button
      type="button"
      aria-label={label}
      aria-disabled={SIZES[size + step] === undefined}
      onClick={() => SIZES[size + step] !== undefined && setSize(size + step)}
    >
      {text}
    </button>
  );
  return (
    <Panel title="Graph" tools={[sized(-1, 'Smaller', '−'), sized(1, 'Larger', '+')]}>
      {isCut && <Notice>Of a node that waits for many, the first that it waits for are drawn.</Notice>}
      {layout === 'missing' ? (
        <Notice>The graph could not be drawn. The table has the same in words.</Notice>
      ) : (
        <div class="graph-box" style={{ maxHeight: MAX_HEIGHT }}>
          <div class="graph" style={{ fontSize: `${SIZES[size]}em` }}>
            {layout === null ? (
              <p class="notice" style={{ height: `min(${MAX_HEIGHT}, ${em(expectedHeight(shape))})` }}>
                Drawing …
              </p>
            ) : (
              <Drawing workflow={workflow} layout={layout} />
            )}
          </div>
        </div>
      )}
    </Panel>
  );
}

function Drawing({ workflow, layout }: { readonly workflow: Workflow; readonly layout: GraphLayout }): JSX.Element {
  const { width, height, nodes, edges } = layout;
  const byNumber = new Map(workflow.listed.map((node) => [node.number, node]));
  return (
    <div class="graph-drawing" style={{ width: em(width), height: em(height) }}>
      <svg viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
        <defs>
          <marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">
            <path class="arrow" d="M0 0 8 4 0 8z" />
          </marker>
        </defs>
        {edges.map(({ from, to, label, path }) => (
          <path key={`${from} ${to}`} class={label && 'is-unusual'} d={path} marker-end="url(#arrow)" />
        ))}
        {edges.map(
          ({ from, to, label, x, y }) =>
            label !== '' && (
              <text key={`${from} ${to}`} x={x} y={y}>
                {label}
              </text>
            ),
        )}
      </svg>
      <ol aria-label="Nodes, each after those that it waits for">
        {nodes.map(({ number, x, y, height: tall }) => {
          const node = byNumber.get(number)!;
          const before = edges.filter(({ to }) => to === number);
          const after = before.map(({ from }) => byNumber.get(from)!.name).join(', ');
          return (
            <li key={number} style={{ left: em(x), top: em(y), width: em(NODE_WIDTH), height: em(tall) }}>
              <Box node={node} since={workflow.createdAt} after={after && `${before[0]!.label || 'after'} ${after}`} />
            </li>
          );
        })}
      </ol>
    </div>
  );
}

/** @param props.after what it waits for, in words; empty where that is nothing */
function Box({
  node,
  since,
  after,
}: {
  readonly node: WorkflowNode;
  readonly since: number;
  readonly after: string;
}): JSX.Element {
  const { name, kind, state, tasks } = node;
  return (
    <a class={`node ${state} ${kind}`} href={hrefOf(node, since)} title={titleOf(node)}>
      <strong>{name}</strong>
      <span>
        <Badge state={state} />{' '}
        {kind === 'each' && <span class="aside">{`${count(tasks.ended)} of ${count(tasks.total)}`}</span>}{' '}
        {kind === 'each' && tasks.failed > 0 && <span class="outcome failed">{`${count(tasks.failed)} failed`}</span>}
      </span>
      {kind === 'each' && (
        <span class="bar" aria-hidden="true">
          <i style={{ width: `${tasks.total === 0 ? 0 : (100 * tasks.ended) / tasks.total}%` }} />
        </span>
      )}
      {after && <span class="unseen">{` ${after}`}</span>}
    </a>
  );
}

/** To the task of a node; of many, to those of their name since the workflow started. */
function hrefOf({ kind, taskId, task, queue }: WorkflowNode, since: number): string | undefined {
  if (kind === 'each') return href('/tasks', { name: task, queue, from: String(since) });
  return taskId === null ? undefined : taskHref(taskId);
}

function titleOf({ kind, name, task, queue }: WorkflowNode): string {
  return kind === 'each'
    ? `${name}: tasks ${task} on ${queue} since the workflow started`
    : `${name}: ${task} on ${queue}`;
}

const em = (length: number): string => `${length / LETTER}em`;
