import type { JSX } from 'preact';
import { api } from '../api.js';
import { taskHref } from '../core/place.js';
import { useLive } from '../core/use-live.js';
import { Badge, Loaded, Panel } from '../ui/bits.js';
import { preview } from '../ui/json-tree.js';
import { Ago } from '../ui/time.js';

/** A few tasks that something is asked about. @param filter as the API has it */
export function SomeTasks({
  title,
  filter,
  all,
  whenNone,
}: {
  readonly title: string;
  readonly filter: Readonly<Record<string, string>>;
  readonly all: string;
  readonly whenNone: string;
}): JSX.Element {
  const query = new URLSearchParams({ ...filter, limit: '8' }).toString();
  const live = useLive(`some ${query}`, () => api.tasks(new URLSearchParams(query)), { every: 2_000 });
  return (
    <Panel
      title={title}
      tools={
        <a class="button" href={all}>
          All
        </a>
      }
    >
      <Loaded live={live}>
        {({ items }) =>
          items.length === 0 ? (
            <p class="notice">{whenNone}</p>
          ) : (
            <ul class="rows">
              {items.map(({ id, name, state, params, error, createdAt }) => (
                <li key={id}>
                  <a class="name" href={taskHref(id)}>
                    {name}
                  </a>{' '}
                  <Badge state={state} />{' '}
                  <span class="aside">
                    {error && state !== 'completed' ? `${error.name}: ${error.message}` : preview(params, 60)}
                  </span>{' '}
                  <Ago at={createdAt} />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  );
}
