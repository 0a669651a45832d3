import type { JSX } from 'preact';
import type { Task } from '../api-types.js';
import { taskHref } from '../core/place.js';

/** A task's unique key, and the task that holds it now: the way to the one that is in the way. */
export function KeyHeld({ task: { id, unique, keyHolder } }: { readonly task: Task }): JSX.Element {
  return (
    <>
      <code>{unique!.key}</code>{' '}
      {keyHolder == null ? (
        <span class="aside">(held by no task)</span>
      ) : keyHolder === id ? (
        <span class="aside">({heldUntil(unique!)})</span>
      ) : (
        <span>
          held by <a href={taskHref(keyHolder)}>{keyHolder}</a>
        </span>
      )}
    </>
  );
}

function heldUntil({ until, for: length }: NonNullable<Task['unique']>): string {
  if (until === 'time') return 'held for a time';
  const event = until === 'started' ? 'held until it starts' : 'held until it has ended';
  return length === undefined ? event : `${event}, or its time is over`;
}
