import type { JSX } from 'preact';
import { MAX_KEY_COUNTED } from '../../../../contract/index.js';
import type { Task } from '../api-types.js';
import { count } from '../format.js';
import { Panel } from '../ui/bits.js';

/** Why a task is held, and by which tasks. */
export function HoldPart({ task }: { readonly task: Task }): JSX.Element {
  const { key, concurrency, holders, ahead } = task.hold!;
  const before = ahead >= MAX_KEY_COUNTED ? `${count(MAX_KEY_COUNTED)} or more` : count(ahead);
  return (
    <Panel title="Held">
      <p>
        At most {count(concurrency)} of key <code>{key}</code> may be ready or run at once. {before} held before it.
      </p>
      <ul class="rows">
        {holders.map((id) => (
          <li key={id}>
            <a href={`#/tasks/${encodeURIComponent(id)}`}>{id}</a>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
