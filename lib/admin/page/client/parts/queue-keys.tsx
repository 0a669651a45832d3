import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { MAX_KEY_COUNTED } from '../../../../contract/index.js';
import type { KeyPage } from '../api-types.js';
import { api } from '../api.js';
import { act } from '../core/act.js';
import { isReadOnly } from '../core/engine.js';
import { href } from '../core/place.js';
import { useLive } from '../core/use-live.js';
import { count, countOf, duration } from '../format.js';
import { Action, Loaded, Mark, Notice, Panel } from '../ui/bits.js';
import { ask } from '../ui/dialog.js';
import { KeyPriority } from './key-priority.js';

/** The keys whose tasks share slots or a rate limit: what of them is in use, how many tasks wait, and what may be done. */
export function QueueKeys({ queue }: { readonly queue: string }): JSX.Element {
  const [after, setAfter] = useState<string | undefined>(undefined);
  const page = useLive(`keys:${queue}:${after ?? ''}`, () => api.keys(queue, after), { every: 2_000 });
  const pauses = useLive('pauses', () => api.pauses());
  const paused = new Set(pauses.data?.flatMap(({ selector }) => (selector.queue === queue ? [selector.key] : [])));
  return (
    <Panel title="Keys">
      <Loaded live={page}>
        {(data) => (
          <>
            <p class="aside">{limitsOf(data)}</p>
            {data.keys.length === 0 ? (
              <Notice>No task with a key waits or runs.</Notice>
            ) : (
              <div class="scroll">
                <Keys page={data} paused={paused} />
              </div>
            )}
            {after !== undefined && (
              <button type="button" onClick={() => setAfter(undefined)}>
                First keys
              </button>
            )}
            {data.next !== null && (
              <button type="button" onClick={() => setAfter(data.next!)}>
                More keys
              </button>
            )}
          </>
        )}
      </Loaded>
    </Panel>
  );
}

function Keys({
  page: { queue, keys, flow },
  paused,
}: {
  readonly page: KeyPage;
  readonly paused: ReadonlySet<string | undefined>;
}): JSX.Element {
  const slots = flow.keyConcurrency;
  const rate = flow.keyRateLimit;
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Key</th>
          <th scope="col">Slots taken</th>
          <th scope="col">Running</th>
          <th scope="col">Held</th>
          {rate && <th scope="col">Starts</th>}
          {!isReadOnly && <th scope="col">Actions</th>}
        </tr>
      </thead>
      <tbody>
        {keys.map(({ key, held, available, running, starts }) => (
          <tr key={key}>
            <th scope="row">
              <a class="name" href={href('/tasks', { queue, key })}>
                {key}
              </a>{' '}
              {paused.has(key) && <Mark text="paused" kind="paused" />}
            </th>
            <td data-label="Slots taken">
              {slots === undefined ? shown(available + running) : `${shown(available + running)} of ${count(slots)}`}
            </td>
            <td data-label="Running">{shown(running)}</td>
            <td data-label="Held">{shown(held)}</td>
            {rate && (
              <td data-label="Starts">
                {`${count(starts?.used ?? 0)} of ${count(rate.max)}`}
                {starts && starts.waiting > 0 && `; ${countOf(starts.waiting, 'task')} waiting`}
              </td>
            )}
            {!isReadOnly && (
              <td data-label="Actions">
                <KeyActions queue={queue} name={key} waiting={held + available} isPaused={paused.has(key)} />
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function KeyActions({
  queue,
  name,
  waiting,
  isPaused,
}: {
  readonly queue: string;
  readonly name: string;
  readonly waiting: number;
  readonly isPaused: boolean;
}): JSX.Element {
  const selector = { queue, key: name };
  const steer = (to: 'pause' | 'resume') => (to === 'pause' ? api.pauseTasks(selector) : api.resumeTasks(selector));
  const toggle = async (): Promise<void> => {
    const [to, back] = isPaused ? (['resume', 'pause'] as const) : (['pause', 'resume'] as const);
    const isSure =
      isPaused ||
      (await ask({
        title: `Pause ${name}?`,
        text: `No process starts another task of this key in ${queue} until it is resumed. What runs goes on.`,
        confirm: 'Pause',
        isHarmless: true,
      }));
    if (!isSure) return;
    await act(() => steer(to), `${isPaused ? 'Resumed' : 'Paused'}: ${name}`, { undo: () => steer(back) });
  };
  const cancel = async (): Promise<void> => {
    const isSure = await ask({
      title: `Cancel what waits of ${name}?`,
      text: `${waiting >= MAX_KEY_COUNTED ? 'All tasks' : countOf(waiting, 'task')} of the key that ${waiting === 1 ? 'waits' : 'wait'} in ${queue}, and those that come later by themselves. What runs goes on.`,
      confirm: 'Cancel them',
    });
    const filter = { queue, key: name, state: ['scheduled', 'available', 'held', 'retryable', 'suspended'] };
    if (isSure)
      await act(
        () => api.bulk('cancel', { filter }),
        ({ changed }) => `Cancelled: ${countOf(changed, 'task')}`,
      );
  };
  return (
    <>
      <Action label={isPaused ? 'Resume' : 'Pause'} about={`${isPaused ? 'Resume' : 'Pause'} ${name}`} run={toggle} />{' '}
      <KeyPriority queue={queue} name={name} />{' '}
      <Action label="Cancel all" about={`Cancel all of ${name}`} kind="danger" run={cancel} />
    </>
  );
}

function shown(tasks: number): string {
  return tasks >= MAX_KEY_COUNTED ? `${count(MAX_KEY_COUNTED)} or more` : count(tasks);
}

function limitsOf({ flow: { keyConcurrency, keyRateLimit, fair, concurrency, globalConcurrency } }: KeyPage): string {
  const limits = [
    keyConcurrency === undefined ? null : `${count(keyConcurrency)} of each key at once`,
    keyRateLimit === undefined
      ? null
      : `${count(keyRateLimit.max)} starts of each key in ${duration(keyRateLimit.per)}`,
    fair ? 'keys take turns' : null,
    concurrency === undefined ? null : `${count(concurrency)} workers in each process`,
    globalConcurrency === undefined ? null : `${count(globalConcurrency)} of the queue at once`,
  ].filter((limit) => limit !== null);
  return limits.length === 0 ? 'Nothing limits them.' : `${limits.join('; ')}, in all processes.`;
}
