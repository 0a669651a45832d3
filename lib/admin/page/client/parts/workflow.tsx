import type { JSX } from 'preact';
import type { Task } from '../api-types.js';
import { workflowHref } from '../core/place.js';
import { Panel } from '../ui/bits.js';

/** The workflow that a task is a part of, and what keeps it from ever running there. */
export function WorkflowPart({ task }: { readonly task: Task }): JSX.Element {
  const { id, node, cause, added } = task.workflow!;
  return (
    <Panel title="Workflow">
      <p>
        {added ? 'Added to node' : 'Node'} <code>{node}</code> of <a href={workflowHref(id)}>its workflow</a>
        {cause !== undefined && `; cancelled because of node ${cause}`}
      </p>
    </Panel>
  );
}
