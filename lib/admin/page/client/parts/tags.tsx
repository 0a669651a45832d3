import type { JSX } from 'preact';
import type { TaskSummary } from '../api-types.js';
import { href } from '../core/place.js';

/** The tags of a task, each leading to the tasks that have it. */
export function Tags({ tags = {} }: Pick<TaskSummary, 'tags'>): JSX.Element {
  return (
    <span class="tags">
      {Object.entries(tags).map(([name, value]) => (
        <a key={name} class="tag" href={href('/tasks', { tag: `${name}:${value}` })} title="Tasks that have this tag">
          {`${name}: ${value}`}
        </a>
      ))}
    </span>
  );
}
