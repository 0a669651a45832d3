import type { JSX } from 'preact';
import { api } from '../api.js';
import type { Workflow, WorkflowNode } from '../api-types.js';
import { act } from '../core/act.js';
import { engine, isReadOnly } from '../core/engine.js';
import { href, taskHref } from '../core/place.js';
import { useLive } from '../core/use-live.js';
import { count } from '../format.js';
import { Tags } from '../parts/tags.js';
import { WorkflowGraph } from '../parts/workflow-graph.js';
import { Action, Badge, Loaded, Notice, Panel } from '../ui/bits.js';
import { Table, type Column } from '../ui/table.js';
import { Ago, ClockTime } from '../ui/time.js';

/** A workflow: how far it is, its nodes as a graph, and as a table with what they wait for. A node of many tasks is one row. */
export function WorkflowView({ id }: { readonly id: string }): JSX.Element {
  const live = useLive(`workflow ${id}`, () => api.workflow(id));
  return (
    <Loaded live={live}>
      {(workflow) => (
        <>
          <h1>
            {workflow.name} <Badge state={workflow.state} />
          </h1>
          <Facts workflow={workflow} />
          <WorkflowGraph workflow={workflow} />
          <Nodes workflow={workflow} />
        </>
      )}
    </Loaded>
  );
}

function Facts({ workflow }: { readonly workflow: Workflow }): JSX.Element {
  const { id, name, state, percent, tasks, createdAt, finishedAt, deadlineAt, reason, tags } = workflow;
  return (
    <Panel title="Workflow">
      <div class="progress">
        <progress max={100} value={percent} aria-label="Tasks that have ended" />
        <span>{`${percent} %, ${count(tasks.ended)} of ${count(tasks.total)} tasks`}</span>
      </div>
      <dl>
        <dt>Id</dt>
        <dd>
          <code>{id}</code>
        </dd>
        <dt>Others of its name</dt>
        <dd>
          <a href={href('/workflows', { name })}>{name}</a>
        </dd>
        <dt>Started</dt>
        <dd>
          <Ago at={createdAt} />
        </dd>
        {finishedAt !== null && <dt>Ended</dt>}
        {finishedAt !== null && (
          <dd>
            <Ago at={finishedAt} />
          </dd>
        )}
        {deadlineAt !== null && <dt>Deadline</dt>}
        {deadlineAt !== null && (
          <dd>
            <ClockTime at={deadlineAt} />
          </dd>
        )}
        {reason && <dt>Ended by</dt>}
        {reason && <dd>{reason === 'deadline' ? 'its deadline' : 'somebody who cancelled it'}</dd>}
        {tags && <dt>Tags</dt>}
        {tags && (
          <dd>
            <Tags tags={tags} path="/workflows" />
          </dd>
        )}
      </dl>
      {!isReadOnly && (
        <div class="actions">
          {state === 'running' && !reason && (
            <Action label="Cancel" run={() => act(() => api.cancelWorkflow(id), `Cancelled: ${name}`)} />
          )}
          {workflow.nodes.failed > 0 && mayRunAgain() && (
            <Action label="Retry what failed" run={() => act(() => api.retryWorkflow(id), `Runs again: ${name}`)} />
          )}
        </div>
      )}
    </Panel>
  );
}

function Nodes({ workflow }: { readonly workflow: Workflow }): JSX.Element {
  const { listed, nodes } = workflow;
  const total = Object.values(nodes).reduce((sum, some) => sum + some, 0);
  return (
    <Panel title="Nodes">
      {total > listed.length && <Notice>{`${count(listed.length)} of ${count(total)} are listed.`}</Notice>}
      <div class="scroll">
        <Table
          caption="Nodes"
          columns={columnsOf(workflow)}
          items={listed}
          keyOf={({ number }) => String(number)}
          whenNone="It has no nodes."
        />
      </div>
    </Panel>
  );
}

function columnsOf({ id, listed }: Workflow): ReadonlyArray<Column<WorkflowNode>> {
  const names = new Map(listed.map(({ number, name }) => [number, name]));
  return [
    {
      id: 'node',
      label: 'Node',
      isWide: true,
      cell: ({ kind, taskId, name, task, queue }) => (
        <>
          {kind === 'one' && taskId !== null ? <a href={taskHref(taskId)}>{name}</a> : name}{' '}
          <span class="aside">{`${name === task ? '' : `${task} `}on ${queue}`}</span>
        </>
      ),
    },
    {
      id: 'state',
      label: 'State',
      cell: (node) => (
        <>
          <Badge state={node.state} /> <Why node={node} />
        </>
      ),
    },
    { id: 'tasks', label: 'Tasks', isNumber: true, cell: tasksText },
    { id: 'after', label: 'Waits for', cell: (node) => waitsText(node, names) },
    {
      id: 'actions',
      label: 'Actions',
      isHidden: true,
      cell: ({ state, name }) =>
        !isReadOnly &&
        mayRunAgain() &&
        (state === 'failed' || state === 'cancelled') && (
          <div class="actions">
            <Action
              label="Retry from here"
              run={() => act(() => api.retryWorkflow(id, name), `Runs again from: ${name}`)}
            />
          </div>
        ),
    },
  ];
}

function Why({ node: { reason, cause } }: { readonly node: WorkflowNode }): JSX.Element | null {
  if (!reason) return null;
  const text =
    reason === 'condition'
      ? `because of ${cause ?? 'another node'}`
      : `by the ${reason === 'deadline' ? 'deadline' : 'workflow'}`;
  return <span class="aside">{text}</span>;
}

function tasksText({ tasks: { total, ended, failed } }: WorkflowNode): string {
  return `${count(ended)} of ${count(total)}${failed > 0 ? `, ${count(failed)} failed` : ''}`;
}

/** Null where it waits for nothing. */
function waitsText({ after, waitsFor, when }: WorkflowNode, names: ReadonlyMap<number, string>): string | null {
  if (waitsFor === 0) return null;
  const more = waitsFor > after.length ? ` and ${count(waitsFor - after.length)} more` : '';
  const known = after.map((number) => names.get(number) ?? `node ${number}`).join(', ');
  return `${known}${more}${when === 'completed' ? '' : ` (${when})`}`;
}

/** Not where the engine lets what has waited go on for good. */
function mayRunAgain(): boolean {
  return engine.value?.capabilities.wholeWorkflows !== false;
}
