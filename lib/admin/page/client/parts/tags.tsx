import type { JSX } from 'preact';
import type { TaskSummary } from '../api-types.js';
import { href } from '../core/place.js';

/**
 * The tags of a task, or of a workflow, each leading to those that have it.
 * @param path of the list
 */
export function Tags({
  tags = {},
  path = '/tasks',
}: Pick<TaskSummary, 'tags'> & { readonly path?: '/tasks' | '/workflows' }): JSX.Element {
  return (
    <span class="tags">
      {Object.entries(tags).map(([name, value]) => (
        <a
          key={name}
          class="tag"
          href={href(path, { tag: `${name}:${value}` })}
          title={`${path === '/tasks' ? 'Tasks' : 'Workflows'} that have this tag`}
        >
          {`${name}: ${value}`}
        </a>
      ))}
    </span>
  );
}
