import type { JSX } from 'preact';
import { api } from '../api.js';
import type { Workflow, WorkflowNode } from '../api-types.js';
import { act } from '../core/act.js';
import { isReadOnly } from '../core/engine.js';
import { taskHref } from '../core/place.js';
import { useLive } from '../core/use-live.js';
import { count } from '../format.js';
import { Action, Loaded, Notice, Panel } from '../ui/bits.js';
import { ClockTime } from '../ui/time.js';

/** A workflow: how far it is, and its nodes with what they wait for. A node of many tasks is one row. */
export function WorkflowView({ id }: { readonly id: string }): JSX.Element {
  const live = useLive(`workflow ${id}`, () => api.workflow(id));
  return (
    <Loaded live={live}>
      {(workflow) => (
        <>
          <h1>
            {workflow.name} <span class={`state ${workflow.state}`}>{workflow.state}</span>
          </h1>
          <Facts workflow={workflow} />
          <Nodes workflow={workflow} />
        </>
      )}
    </Loaded>
  );
}

function Facts({ workflow }: { readonly workflow: Workflow }): JSX.Element {
  const { id, state, percent, tasks, createdAt, finishedAt, deadlineAt, reason, tags } = workflow;
  const name = workflow.name;
  return (
    <Panel title="Workflow">
      <dl>
        <dt>Id</dt>
        <dd>
          <code>{id}</code>
        </dd>
        <dt>Done</dt>
        <dd>{`${percent} %, ${count(tasks.ended)} of ${count(tasks.total)} tasks`}</dd>
        <dt>Started</dt>
        <dd>
          <ClockTime at={createdAt} />
        </dd>
        {finishedAt !== null && <dt>Ended</dt>}
        {finishedAt !== null && (
          <dd>
            <ClockTime at={finishedAt} />
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
            {Object.entries(tags)
              .map(([tag, value]) => `${tag}: ${value}`)
              .join(', ')}
          </dd>
        )}
      </dl>
      {!isReadOnly && state === 'running' && (
        <Action label="Cancel" run={() => act(() => api.cancelWorkflow(id), `Cancelled: ${name}`)} />
      )}
      {!isReadOnly && workflow.nodes.failed > 0 && (
        <Action label="Retry what failed" run={() => act(() => api.retryWorkflow(id), `Runs again: ${name}`)} />
      )}
    </Panel>
  );
}

function Nodes({ workflow }: { readonly workflow: Workflow }): JSX.Element {
  const { listed, nodes } = workflow;
  const total = Object.values(nodes).reduce((sum, some) => sum + some, 0);
  const names = new Map(listed.map(({ number, name }) => [number, name]));
  return (
    <Panel title="Nodes">
      {total > listed.length && <Notice>{`${count(listed.length)} of ${count(total)} are listed.`}</Notice>}
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col">State</th>
              <th scope="col">Tasks</th>
              <th scope="col">Waits for</th>
              {!isReadOnly && <th scope="col">Act</th>}
            </tr>
          </thead>
          <tbody>
            {listed.map((node) => (
              <tr key={node.number}>
                <td>
                  {node.kind === 'one' && node.taskId !== null ? (
                    <a href={taskHref(node.taskId)}>{node.name}</a>
                  ) : (
                    node.name
                  )}{' '}
                  <span class="aside">{`${node.name === node.task ? '' : `${node.task} `}on ${node.queue}`}</span>
                </td>
                <td>
                  <span class={`state ${node.state}`}>{node.state}</span> <Why node={node} />
                </td>
                <td>{tasksText(node)}</td>
                <td>{waitsText(node, names)}</td>
                {!isReadOnly && (
                  <td>
                    {(node.state === 'failed' || node.state === 'cancelled') && (
                      <Action
                        label="Retry from here"
                        run={() =>
                          act(() => api.retryWorkflow(workflow.id, node.name), `Runs again from: ${node.name}`)
                        }
                      />
                    )}
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
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

function waitsText({ after, waitsFor, when }: WorkflowNode, names: ReadonlyMap<number, string>): string {
  if (waitsFor === 0) return '';
  const more = waitsFor > after.length ? ` and ${count(waitsFor - after.length)} more` : '';
  const known = after.map((number) => names.get(number) ?? `node ${number}`).join(', ');
  return `${known}${more}${when === 'completed' ? '' : ` (${when})`}`;
}
