import type { JSX } from 'preact';
import type { LimitStatus, TaskBlock, TaskPause } from '../api-types.js';
import { api } from '../api.js';
import { act } from '../core/act.js';
import { isReadOnly } from '../core/engine.js';
import { href, queueHref } from '../core/place.js';
import { useLive } from '../core/use-live.js';
import { count, countOf, duration } from '../format.js';
import { Action, Panel } from '../ui/bits.js';
import { Ago } from '../ui/time.js';

/** What keeps tasks from starting, beside pauses of whole queues; nothing where there is none of it. */
export function Limits(): JSX.Element | null {
  const limits = useLive('limits', () => api.limits()).data ?? [];
  const pauses = useLive('pauses', () => api.pauses()).data ?? [];
  return (
    <>
      {limits.length > 0 && (
        <Panel title="Rate limits">
          <ul class="rows">
            {limits.map((limit) => (
              <LimitRow key={`${limit.kind} ${limit.name}`} limit={limit} />
            ))}
          </ul>
        </Panel>
      )}
      {pauses.length > 0 && (
        <Panel title="Paused tasks">
          <ul class="rows">
            {pauses.map((pause) => (
              <PauseRow key={JSON.stringify(pause.selector)} pause={pause} />
            ))}
          </ul>
        </Panel>
      )}
    </>
  );
}

function LimitRow({
  limit: { name, kind, max, per, used, closedUntil, waiting },
}: {
  readonly limit: LimitStatus;
}): JSX.Element {
  return (
    <li>
      {kind === 'queue' ? <a href={queueHref(name)}>{name}</a> : <span class="name">{name}</span>}{' '}
      <span class="aside">
        {`${count(used)} of ${count(max)} starts in ${duration(per)}`}
        {waiting > 0 && `; ${countOf(waiting, 'task')} waiting`}
      </span>
      {closedUntil !== null && (
        <span class="aside">
          {' '}
          closed, opens <Ago at={closedUntil} />
        </span>
      )}
    </li>
  );
}

function PauseRow({ pause: { selector, pausedAt, waiting } }: { readonly pause: TaskPause }): JSX.Element {
  const text = selectorText(selector);
  return (
    <li>
      <a class="name" href={href('/tasks', listOf(selector))}>
        {text}
      </a>{' '}
      <span class="aside">
        since <Ago at={pausedAt} />; {countOf(waiting, 'task')} waiting
      </span>{' '}
      {!isReadOnly && (
        <Action
          label="Resume"
          about={`Resume ${text}`}
          run={async () => {
            await act(() => api.resumeTasks(selector), `Resumed: ${text}`, { undo: () => api.pauseTasks(selector) });
          }}
        />
      )}
    </li>
  );
}

/** What keeps an available task from starting. */
export function BlockPart({ block }: { readonly block: TaskBlock }): JSX.Element {
  return (
    <Panel title="Waiting">
      <p>
        {block.by === 'limit' && `For a place of rate limit "${block.limit}".`}
        {block.by === 'key' && `For a place of the rate limit of key "${block.key}".`}
        {block.by === 'pause' && `Paused: ${selectorText(block.selector)}.`}
      </p>
    </Panel>
  );
}

function selectorText({ queue, key, name, tag }: TaskPause['selector']): string {
  if (name !== undefined) return `task ${name}`;
  if (tag !== undefined) return tagsOf(tag).join(', ');
  return key === undefined ? `queue ${queue}` : `key ${key} of ${queue}`;
}

function listOf({ queue, key, name, tag }: TaskPause['selector']): Record<string, string> {
  if (name !== undefined) return { name };
  if (tag !== undefined) return { tag: tagsOf(tag)[0]! };
  return { queue, ...(key !== undefined && { key }) };
}

function tagsOf(tags: Readonly<Record<string, string>>): string[] {
  return Object.entries(tags).map(([name, value]) => `${name}:${value}`);
}
