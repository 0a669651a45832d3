import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ShownTask } from '../api-types.js';
import { api } from '../api.js';
import { isReadOnly } from '../core/engine.js';
import { href } from '../core/place.js';
import { useLive } from '../core/use-live.js';
import { count } from '../format.js';
import { Action, Panel } from '../ui/bits.js';
import { Ago } from '../ui/time.js';
import { retryGroup } from './retry-group.js';
import { Stack } from './stack.js';

/** Beyond this, a message is cut until it is asked for. */
const LONG_MESSAGE = 600;

/** Why the task failed, and whether others did so too. */
export function ErrorPart({ task: { error, errorGroup, name } }: { readonly task: ShownTask }): JSX.Element {
  const { name: kind, message, stack } = error!;
  const [isWhole, setWhole] = useState(false);
  const isLong = message.length > LONG_MESSAGE && !isWhole;
  return (
    <Panel title="Error" class="is-error">
      <p class="error">
        <strong>{kind}</strong>
        {`: ${isLong ? `${message.slice(0, LONG_MESSAGE)} …` : message}`}{' '}
        {isLong && (
          <button type="button" class="quiet" onClick={() => setWhole(true)}>
            {`Show all ${count(message.length)} characters`}
          </button>
        )}
      </p>
      {errorGroup !== null && <Alike group={errorGroup} name={name} />}
      {stack !== undefined && <Stack stack={stack} />}
    </Panel>
  );
}

function Alike({ group, name }: { readonly group: string; readonly name: string }): JSX.Element | null {
  const { data } = useLive(`group ${group}`, () => api.errors(new URLSearchParams({ name })), { every: 10_000 });
  const found = data?.items.find(({ key }) => key === group);
  if (!found || !data) return null;
  return (
    <p>
      <strong>{`${data.complete ? '' : 'At least '}${count(found.count)} like this`}</strong>, first{' '}
      <Ago at={found.firstAt} />, last <Ago at={found.lastAt} /> ·{' '}
      <a href={href('/tasks', { state: 'failed', error: group })}>see the group</a>{' '}
      {!isReadOnly && found.count > 1 && (
        <Action label={`Retry all ${count(found.count)}`} kind="quiet" run={() => retryGroup(found)} />
      )}
    </p>
  );
}
