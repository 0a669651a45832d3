import type { JSX } from 'preact';
import { MAX_CHILDREN_LISTED } from '../../../../contract/index.js';
import type { Task } from '../api-types.js';
import { api } from '../api.js';
import { taskHref } from '../core/place.js';
import { useLive } from '../core/use-live.js';
import { Badge, Panel } from '../ui/bits.js';

/** What enqueued the task, and what it enqueued, from left to right. */
export function FamilyPart({ task: { name, state, parentId, children } }: { readonly task: Task }): JSX.Element {
  const isCut = children.length === MAX_CHILDREN_LISTED;
  return (
    <Panel title="Related tasks">
      <div class="family">
        {parentId !== null && (
          <div>
            <p class="notice">Enqueued by</p>
            <Parent id={parentId} />
          </div>
        )}
        <div>
          <p class="notice">This task</p>
          <span class="kin">
            {name} <Badge state={state} />
          </span>
        </div>
        {children.length > 0 && (
          <div>
            <p class="notice">
              {isCut ? `Enqueued these; the first ${MAX_CHILDREN_LISTED} are listed` : 'Enqueued these'}
            </p>
            <ul class="plain">
              {children.map((child) => (
                <li key={child.id}>
                  <a class="kin" href={taskHref(child.id)} title={child.queue}>
                    {child.name} <Badge state={child.state} />
                  </a>
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </Panel>
  );
}

function Parent({ id }: { readonly id: string }): JSX.Element {
  const { data } = useLive(`parent ${id}`, () => api.task(id), { skip: () => true });
  return (
    <a class="kin" href={taskHref(id)} title={id}>
      {data === null ? <code>{id}</code> : [`${data.name} `, <Badge key="state" state={data.state} />]}
      <span class="unseen">{` ${id}`}</span>
    </a>
  );
}
